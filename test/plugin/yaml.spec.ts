/** The plugin as a program in YAML has it: no class of ours, no package, two hosts. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ensurePulumi } from "../../lab/pulumi-cli.js";
import { quiet } from "../../lab/run.js";
import type { Snapshot } from "../../lab/snapshot.js";
import { ensureYamlHost } from "../../lab/yaml-host.js";
import { succeeded } from "../support/scene.js";
import { Site } from "../support/site.js";
import { meshConfig, type Ran, Stack } from "../support/stack.js";
import { type Resource, yamlProject } from "../support/yaml-project.js";

const ranges = { alpha: "172.30.1.0/24", beta: "172.30.2.0/24" } as const;
type Name = keyof typeof ranges;

/** A value of a resource, as YAML has it. */
const refTo = (what: string) => `\${${what}}`;

describe("a program in YAML", function () {
  this.timeout(600_000);
  let site: Site;
  let stack: Stack;
  let folder: string;
  let untouched: ReadonlyMap<string, Snapshot>;

  const address = (name: Name) => site.lab.host(name).address;
  const alpha = () => site.lab.host("alpha");
  const urn = (name: string, type: string) => `urn:pulumi:plg::theirs::dockroute:index:${type}::${name}`;
  const script = async (of: string) =>
    (await alpha().run(["grep", "-lr", `# dockroute ${of} of`, "/etc/dockroute/scripts"])).trim();

  function resourcesOf(name: Name, peer: Name): Readonly<Record<string, Resource>> {
    const after = { dependsOn: ["alpha-bridge", "beta-bridge"].map(refTo) };
    const [own, theirs] = [ranges[name], ranges[peer]];
    const bip = own.replace(".0/24", ".1/24");
    const sources = [theirs, `${address(peer)}/32`];
    return {
      [`${name}-bridge`]: { type: "dockroute:DockerBridge", properties: { host: name, bip } },
      [`${name}-to-${peer}`]: {
        type: "dockroute:PeerRoute",
        properties: { host: name, peer, destination: theirs, gateway: address(peer) },
        options: after,
      },
      [`${name}-masquerade`]: {
        type: "dockroute:MasqueradeRule",
        properties: { host: name, source: own, exclude: [theirs] },
        options: after,
      },
      [`${name}-forward`]: {
        type: "dockroute:ForwardRule",
        properties: { host: name, destination: own, sources },
        options: after,
      },
    };
  }

  function program(more: Readonly<Record<string, Resource>> = {}): void {
    const all = { ...resourcesOf("alpha", "beta"), ...resourcesOf("beta", "alpha"), ...more };
    yamlProject(folder, all, { endpoint: refTo("alpha-bridge.endpoint") });
  }

  async function forgotten(name: string, type: string): Promise<void> {
    succeeded(await stack.pulumi(["state", "delete", urn(name, type), "--yes", "--stack", "plg"]));
  }

  function imported(type: string, name: string, id: string): Promise<Ran> {
    const what = [`dockroute:index:${type}`, name, id];
    const how = [
      "--yes",
      "--skip-preview",
      "--protect=false",
      "--stack",
      "plg",
      "--config-file",
      stack.configFile,
    ];
    return stack.pulumi(["import", ...what, ...how]);
  }

  before(async () => {
    const { folders } = await ensurePulumi(quiet);
    const yaml = await ensureYamlHost(quiet, folders);
    site = await Site.up(process.env["LAB_PREFIX"] ?? "plg", { alpha: "docker28", beta: "docker28" });
    untouched = await site.snapshots();
    folder = join(site.folder, "program");
    program();
    stack = await Stack.make("plg", site.folder, [...yaml, ...folders], meshConfig(site.lab), folder);
  });
  after(() => site.down());

  it("knows at preview what its resources will be, each message at its resource", async () => {
    const { text } = succeeded(await stack.preview());
    assert.match(text, new RegExp(`endpoint: "root@${address("alpha")}:22"`));
    const told = succeeded(
      await stack.pulumi(["preview", "--stack", "plg", "--config-file", stack.configFile]),
    );
    assert.match(told.text, /DockerBridge \(alpha-bridge\):\n(?:\s+alpha: .*\n)*\s+alpha: Docker restarts/);
    assert.match(text, /\+ 9 to create/);
  });

  it("makes the mesh", async () => {
    assert.match(succeeded(await stack.up()).text, /\+ 9 created/);
    const route = await alpha().run(["ip", "route", "show", ranges.beta]);
    assert.match(route, new RegExp(`via ${address("beta")} dev \\S+ proto 219`));
    assert.deepEqual(await stack.outputs(), { endpoint: `root@${address("alpha")}:22` });
  });

  it("keeps no login and no code in its state", async () => {
    const state = await stack.export();
    assert.doesNotMatch(state, /__provider|BEGIN OPENSSH/);
    assert.match(
      state,
      /"before": \{\s*"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",\s*"ciphertext"/,
    );
  });

  it("has nothing to do then", async () => {
    succeeded(await stack.up("--refresh", "--expect-no-changes"));
  });

  it("shows of a change only what differs", async () => {
    const sources = [ranges.beta, `${address("beta")}/32`, "10.99.0.0/24"];
    program({
      "alpha-forward": {
        type: "dockroute:ForwardRule",
        properties: { host: "alpha", destination: ranges.alpha, sources },
      },
    });
    const { text } = succeeded(await stack.preview());
    assert.match(text, /~ dockroute:index:ForwardRule: \(update\)/);
    assert.match(text, /10\.99\.0\.0\/24/);
    assert.doesNotMatch(text, /destination|endpoint *:/);
    program();
  });

  it("shows drift, and mends it", async () => {
    const path = await script("alpha/to/beta");
    await alpha().run(["rm", path]);
    const { text } = succeeded(await stack.up("--refresh"));
    assert.match(text, /found \S*alpha\/to\/beta|found .*\/etc\/dockroute\/scripts\/40-route-\w+: absent/);
    assert.match(text, /~ 1 updated/);
    assert.equal(await script("alpha/to/beta"), path);
    succeeded(await stack.up("--refresh", "--expect-no-changes"));
  });

  const kinds: readonly (readonly [type: string, name: string, id: string])[] = [
    ["PeerRoute", "alpha-to-beta", "alpha/to/beta"],
    ["MasqueradeRule", "alpha-masquerade", "alpha/masquerade"],
    ["ForwardRule", "alpha-forward", "alpha/forward"],
  ];
  for (const [type, name, id] of kinds) {
    it(`imports ${id} by its id alone`, async () => {
      await forgotten(name, type);
      succeeded(await imported(type, name, id));
      succeeded(await stack.up("--refresh", "--expect-no-changes"));
    });
  }

  it("imports the bridge by its id alone, with what it was before the first change", async () => {
    const found = (state: string) => /"address": *"[^"]*"/.exec(state)?.[0];
    const was = found(await stack.export());
    for (const [type, name] of kinds) await forgotten(name, type);
    for (const type of ["MasqueradeRule", "ForwardRule"]) {
      await forgotten(`beta-${type === "ForwardRule" ? "forward" : "masquerade"}`, type);
    }
    await forgotten("beta-to-alpha", "PeerRoute");
    await forgotten("alpha-bridge", "DockerBridge");
    succeeded(await imported("DockerBridge", "alpha-bridge", "alpha/bridge"));
    for (const [type, name, id] of kinds) succeeded(await imported(type, name, id));
    const { text } = succeeded(await stack.up("--refresh"));
    assert.match(text, /\+ 3 created/);
    assert.equal(found(await stack.export()), was);
    succeeded(await stack.up("--refresh", "--expect-no-changes"));
  });

  it("adopts what is there and not kept at boot only with the next up, which says so", async () => {
    await forgotten("alpha-to-beta", "PeerRoute");
    const path = await script("alpha/to/beta");
    await alpha().run(["rm", path]);
    const { text } = succeeded(await imported("PeerRoute", "alpha-to-beta", "alpha/to/beta"));
    assert.match(text, new RegExp(`found ${path}: absent`));
    assert.equal((await alpha().exec(`test -e ${path}`)).code, 1);
    const up = succeeded(await stack.up());
    assert.match(up.text, /~ 1 updated/);
    assert.equal(await script("alpha/to/beta"), path);
  });

  it("does not import what is not there", async () => {
    const ran = await imported("PeerRoute", "alpha-to-gamma", "alpha/to/gamma");
    assert.notEqual(ran.code, 0);
    assert.match(ran.text, /'alpha\/to\/gamma' does not exist/);
    const nowhere = await imported("PeerRoute", "delta-to-beta", "delta/to/beta");
    assert.match(nowhere.text, /the config names no host delta/);
  });

  it("leaves the hosts as they were", async () => {
    succeeded(await stack.destroy());
    assert.deepEqual(await site.changedSince(untouched), []);
  });
});
