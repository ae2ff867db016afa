import assert from "node:assert/strict";
import { runProgram as run } from "../../support/program.js";

const hosts = [
  { name: "gamma", address: "192.168.145.130" },
  { name: "alpha", address: "192.168.145.128", interface: "eth1" },
  { name: "beta", address: "192.168.145.129", connection: { user: "ops", port: 2222 } },
];
const three = { pool: "172.30.0.0/16", hosts };
describe("the program", () => {
  it("makes a bridge, its rules and a route to every peer, and outputs the plan", async () => {
    const { made, outputs } = await run(three);
    const names = [...made.keys()].filter((name) => name !== "dockroute-test").sort();
    const of = (host: string, ...peers: string[]) => [
      `${host}-bridge`,
      `${host}-forward`,
      `${host}-masquerade`,
      ...peers.map((peer) => `${host}-to-${peer}`),
    ];
    assert.deepEqual(names, [
      ...of("alpha", "beta", "gamma"),
      ...of("beta", "alpha", "gamma"),
      ...of("gamma", "alpha", "beta"),
    ]);
    assert.deepEqual(outputs, {
      plan: {
        alpha: { address: "192.168.145.128", subnet: "172.30.0.0/24", bridgeAddress: "172.30.0.1/24" },
        beta: { address: "192.168.145.129", subnet: "172.30.1.0/24", bridgeAddress: "172.30.1.1/24" },
        gamma: { address: "192.168.145.130", subnet: "172.30.2.0/24", bridgeAddress: "172.30.2.1/24" },
      },
    });
  });

  it("tells each resource what to make true", async () => {
    const { made } = await run(three);
    const alpha = { host: "alpha", endpoint: "root@192.168.145.128:22" };
    const inputs = (name: string) => {
      const { __provider, stack, ...rest } = made.get(name)?.inputs ?? {};
      assert.equal(stack, "dockroute/test");
      return rest;
    };
    assert.deepEqual(inputs("alpha-bridge"), { ...alpha, bip: "172.30.0.1/24" });
    assert.deepEqual(inputs("alpha-masquerade"), {
      ...alpha,
      source: "172.30.0.0/24",
      exclude: ["172.30.1.0/24", "172.30.2.0/24"],
      interfaces: ["eth1"],
    });
    assert.deepEqual(inputs("alpha-forward"), {
      ...alpha,
      destination: "172.30.0.0/24",
      sources: ["172.30.1.0/24", "172.30.2.0/24", "192.168.145.129/32", "192.168.145.130/32"],
      interfaces: ["eth1"],
    });
    const route = {
      peer: "beta",
      destination: "172.30.1.0/24",
      gateway: "192.168.145.129",
      interface: "eth1",
    };
    assert.deepEqual(inputs("alpha-to-beta"), { ...alpha, ...route });
    assert.deepEqual(inputs("beta-to-alpha"), {
      host: "beta",
      endpoint: "ops@192.168.145.129:2222",
      peer: "alpha",
      destination: "172.30.0.0/24",
      gateway: "192.168.145.128",
    });
  });

  it("makes one resource of a host's routes, where the config says so", async () => {
    const { made, edges } = await run({ ...three, routes: "host" });
    const of = (kind: string) => [...made].filter(([, { type }]) => type.endsWith(`:${kind}`));
    assert.deepEqual(of("PeerRoute"), []);
    const bundles = of("PeerRoutes").map(([name]) => name);
    assert.deepEqual(bundles.sort(), ["alpha-routes", "beta-routes", "gamma-routes"]);
    const { __provider, ...inputs } = made.get("alpha-routes")?.inputs ?? {};
    assert.deepEqual(inputs, {
      ...{ host: "alpha", endpoint: "root@192.168.145.128:22", stack: "dockroute/test" },
      routes: {
        beta: { destination: "172.30.1.0/24", gateway: "192.168.145.129", interface: "eth1" },
        gamma: { destination: "172.30.2.0/24", gateway: "192.168.145.130", interface: "eth1" },
      },
    });
    assert.match(String(__provider), /\.PeerRoutes$/);
    // A peer that is down keeps no other route from being made.
    assert.deepEqual(edges["alpha-routes"], ["alpha-bridge"]);
    assert.ok(made.get("beta-routes")?.inputs["routes"]);
  });

  it("makes no routes of a single host in either way", async () => {
    const [alone] = hosts;
    const { made } = await run({ ...three, hosts: [alone], routes: "host" });
    assert.deepEqual([...made.keys()].sort(), ["dockroute-test", "gamma-bridge"]);
  });

  it("checks after all of them, where the config says so", async () => {
    const { made, edges } = await run({ ...three, check: true });
    const { __provider, ...inputs } = made.get("check")?.inputs ?? {};
    assert.deepEqual(Object.keys(inputs).sort(), ["hosts", "plan"]);
    assert.deepEqual(inputs["hosts"], {
      alpha: { endpoint: "root@192.168.145.128:22", interface: "eth1" },
      beta: { endpoint: "ops@192.168.145.129:2222" },
      gamma: { endpoint: "root@192.168.145.130:22" },
    });
    assert.equal(made.get("check")?.type, "pulumi-nodejs:dynamic/dockroute:MeshCheck");
    assert.deepEqual(
      edges["check"],
      [...made.keys()].filter((name) => /-(bridge|masquerade|forward|to-\w+)$/.test(name)).sort(),
    );
    assert.equal((await run(three)).made.has("check"), false);
  });

  it("gives resources the contract's types", async () => {
    const { made } = await run(three);
    const kinds = {
      "alpha-bridge": "DockerBridge",
      "alpha-to-beta": "PeerRoute",
      "alpha-masquerade": "MasqueradeRule",
    };
    for (const [name, kind] of Object.entries({ ...kinds, "alpha-forward": "ForwardRule" })) {
      assert.equal(made.get(name)?.type, `pulumi-nodejs:dynamic/dockroute:${kind}`);
    }
  });

  it("puts a host's bridge before its rules and both bridges before a route", async () => {
    const { edges } = await run({ ...three, hosts: hosts.slice(0, 2) });
    assert.deepEqual(edges, {
      "alpha-forward": ["alpha-bridge"],
      "alpha-masquerade": ["alpha-bridge"],
      "alpha-to-gamma": ["alpha-bridge", "gamma-bridge"],
      "gamma-forward": ["gamma-bridge"],
      "gamma-masquerade": ["gamma-bridge"],
      "gamma-to-alpha": ["alpha-bridge", "gamma-bridge"],
    });
  });

  it("gives networks the rest of a larger part", async () => {
    const { made } = await run({ ...three, hostPrefix: 20 });
    const { pools, networkPrefix, bip } = made.get("beta-bridge")?.inputs ?? {};
    assert.deepEqual(
      { bip, pools, networkPrefix },
      { bip: "172.30.16.1/24", pools: ["172.30.16.0/20"], networkPrefix: 24 },
    );
    assert.equal(made.get("beta-forward")?.inputs["destination"], "172.30.16.0/20");
  });

  it("reads its own last plan and keeps to it", async () => {
    const last = {
      beta: { address: "192.168.145.129", subnet: "172.30.7.0/24", bridgeAddress: "172.30.7.1/24" },
      gone: { address: "192.168.145.99", subnet: "172.30.0.0/24", bridgeAddress: "172.30.0.1/24" },
    };
    const { outputs } = await run(three, last);
    assert.deepEqual(outputs, {
      plan: {
        alpha: { address: "192.168.145.128", subnet: "172.30.1.0/24", bridgeAddress: "172.30.1.1/24" },
        beta: last.beta,
        gamma: { address: "192.168.145.130", subnet: "172.30.2.0/24", bridgeAddress: "172.30.2.1/24" },
      },
    });
  });

  it("gives a single host its bridge alone", async () => {
    const { made } = await run({ ...three, hosts: hosts.slice(0, 1) });
    assert.deepEqual(
      [...made.keys()].filter((name) => name.startsWith("gamma")),
      ["gamma-bridge"],
    );
  });

  it("makes nothing of a config that is refused", async () => {
    const pin = [hosts[0], { ...hosts[1], subnet: "172.30.2.5/24" }];
    await assert.rejects(
      run({ ...three, hosts: pin }),
      /dockroute:hosts\[1\]\.subnet: 172\.30\.2\.5\/24 has host bits set/,
    );
  });
});
