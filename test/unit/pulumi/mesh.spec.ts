import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { Mesh, type MeshArgs, MeshCheck, type Plan } from "../../../provider/index.js";

interface Made {
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

interface Run {
  readonly made: ReadonlyMap<string, Made>;
  /** Of the engine. */
  readonly asked: readonly string[];
  readonly plan: unknown;
}

/** Declares a Mesh and its check as the engine runs a program: in a preview or an up, with the outputs of the last run. */
async function run(args: () => MeshArgs, last?: unknown, preview = false): Promise<Run> {
  const made = new Map<string, Made>();
  const asked: string[] = [];
  await pulumi.runtime.setMocks(
    {
      call: ({ token, inputs }) => {
        asked.push(`${token} ${inputs.name}`);
        return { outputs: last ? { plan: last } : {} };
      },
      newResource: ({ type, name, inputs }) => {
        made.set(name, { type, inputs });
        return { id: name, state: inputs };
      },
    },
    "shop",
    "test",
    preview,
    "organization",
  );
  const outputs = await pulumi.runtime.runInPulumiStack(async () => {
    const mesh = new Mesh("mesh", args());
    const { plan, hosts: where, connections, resources } = mesh;
    new MeshCheck("check", { plan, hosts: where, connections }, { dependsOn: [...resources] });
    return { plan };
  });
  await pulumi.runtime.disconnect();
  return { made, asked, plan: outputs === undefined ? undefined : await read(outputs) };
}

const read = async (outputs: unknown): Promise<unknown> => {
  const plan = pulumi.output((outputs as { plan: pulumi.Output<Plan> }).plan);
  return new Promise((resolve) => plan.apply(resolve));
};

const hosts = [
  { name: "beta", address: "192.168.145.129", interface: "eth1" },
  { name: "alpha", address: "192.168.145.128" },
];
const unknown = () => pulumi.output(pulumi.unknown as unknown as string);

function inputs({ made }: Run, name: string) {
  const { __provider, stack, ...rest } = made.get(name)?.inputs ?? {};
  if (made.get(name)?.type.endsWith("MeshCheck") === false) assert.equal(stack, "shop/test");
  return rest;
}

describe("a Mesh", () => {
  it("declares what stacks/ declares, under itself", async () => {
    const ran = await run(() => ({ pool: "172.30.0.0/16", hosts }));
    const resources = [...ran.made].filter(([, { type }]) => type.startsWith("pulumi-nodejs:dynamic"));
    assert.deepEqual(resources.map(([name]) => name).sort(), [
      ...["alpha-bridge", "alpha-forward", "alpha-masquerade", "alpha-to-beta"],
      ...["beta-bridge", "beta-forward", "beta-masquerade", "beta-to-alpha", "check"],
    ]);
    const beta = { host: "beta", endpoint: "root@192.168.145.129:22" };
    assert.deepEqual(inputs(ran, "beta-bridge"), { ...beta, bip: "172.30.1.1/24" });
    assert.deepEqual(inputs(ran, "beta-forward"), {
      ...beta,
      interfaces: ["eth1"],
      destination: "172.30.1.0/24",
      sources: ["172.30.0.0/24", "192.168.145.128/32"],
    });
    assert.deepEqual(inputs(ran, "beta-to-alpha"), {
      ...{ ...beta, peer: "alpha", interface: "eth1" },
      ...{ destination: "172.30.0.0/24", gateway: "192.168.145.128" },
    });
    assert.deepEqual(ran.plan, {
      alpha: { address: "192.168.145.128", subnet: "172.30.0.0/24", bridgeAddress: "172.30.0.1/24" },
      beta: { address: "192.168.145.129", subnet: "172.30.1.0/24", bridgeAddress: "172.30.1.1/24" },
    });
  });

  it("shows the parts of hosts whose addresses the preview does not know", async () => {
    const ran = await run(
      () => ({ pool: "172.30.0.0/16", hosts: [hosts[1] ?? [], { name: "new", address: unknown() }].flat() }),
      undefined,
      true,
    );
    assert.equal(inputs(ran, "new-bridge")["bip"], "172.30.1.1/24");
    assert.equal(inputs(ran, "alpha-to-new")["destination"], "172.30.1.0/24");
    assert(pulumi.containsUnknowns(inputs(ran, "alpha-to-new")["gateway"]));
  });

  it("declares one resource of a host's routes where it is asked to", async () => {
    const three = [...hosts, { name: "new", address: unknown() }];
    const ran = await run(() => ({ pool: "172.30.0.0/16", routes: "host", hosts: three }), undefined, true);
    const made = [...ran.made].flatMap(([name, { type }]) => (/:PeerRoutes?$/.test(type) ? [name] : []));
    assert.deepEqual(made.sort(), ["alpha-routes", "beta-routes", "new-routes"]);
    const { routes } = inputs(ran, "beta-routes");
    assert.deepEqual(Object.keys(Object(routes)), ["alpha", "new"]);
    assert(pulumi.containsUnknowns(routes), "an address that is not known yet stays unknown");
    assert.equal(Object(routes)["alpha"].interface, "eth1");
  });

  it("keeps to the last plan that the stack has as its output", async () => {
    const last = {
      beta: { address: "192.168.145.129", subnet: "172.30.0.0/24", bridgeAddress: "172.30.0.1/24" },
    };
    const ran = await run(() => ({ pool: "172.30.0.0/16", hosts }), last);
    assert.equal(inputs(ran, "beta-bridge")["bip"], "172.30.0.1/24");
    assert.equal(inputs(ran, "alpha-bridge")["bip"], "172.30.1.1/24");
    const told = await run(() => ({ pool: "172.30.0.0/16", hosts, previous: last }));
    assert.equal(inputs(told, "beta-bridge")["bip"], "172.30.0.1/24");
    const self = "organization/shop/test";
    assert.deepEqual([ran.asked, told.asked], [[`pulumi:pulumi:readStackOutputs ${self}`], []]);
  });

  it("takes each host's endpoint from what it is told", async () => {
    const ran = await run(() => ({
      pool: "172.30.0.0/16",
      hosts: [
        { name: "a", address: "10.0.0.1", endpoint: "ops@a.example:2222" },
        { name: "b", address: "10.0.0.2", connection: { host: "b.example", user: "ops" } },
      ],
    }));
    assert.equal(inputs(ran, "a-bridge")["endpoint"], "ops@a.example:2222");
    assert.equal(inputs(ran, "b-bridge")["endpoint"], "ops@b.example:22");
  });

  it("gives its check each host's endpoint, interface and connection", async () => {
    const connection = { host: "b.example", user: "ops", privateKey: pulumi.secret("key") };
    const ran = await run(() => ({
      pool: "172.30.0.0/16",
      hosts: [
        { name: "a", address: "10.0.0.1", interface: "eth1" },
        { name: "constructor", address: "10.0.0.2", connection },
      ],
    }));
    const check = inputs(ran, "check");
    assert.deepEqual(check["hosts"], {
      a: { endpoint: "root@10.0.0.1:22", interface: "eth1" },
      constructor: { endpoint: "ops@b.example:22" },
    });
    assert(pulumi.runtime.isRpcSecret(check["connections"]), "the state holds it encrypted");
    assert.deepEqual(pulumi.runtime.unwrapRpcSecret(check["connections"]), {
      constructor: { host: "b.example", user: "ops", privateKey: "key" },
    });
    const plain = await run(() => ({ pool: "172.30.0.0/16", hosts }));
    assert.deepEqual(Object.keys(inputs(plain, "check")).sort(), ["hosts", "plan"]);
  });
});
