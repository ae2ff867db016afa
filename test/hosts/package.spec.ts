import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../lab/run.js";
import { npmInstall, packed, withVersion } from "../support/installed.js";
import { amiss } from "../support/mesh.js";
import { Site } from "../support/site.js";
import { type Ran, root, type Stack } from "../support/stack.js";

/** `npm pack`, then `npm install` in a project of somebody else's, whose program has the hosts' addresses. */
describe("the package", () => {
  let site: Site;
  let project: string;
  let stack: Stack;
  let tarball: string;

  before(async () => {
    site = await Site.up("t2f", { alpha: "docker26", beta: "docker28" });
    project = join(site.folder, "project");
    mkdirSync(project, { recursive: true });
    tarball = await packed(site.folder);
    const pack = { name: "theirs", private: true, main: "index.js" };
    writeFileSync(join(project, "package.json"), JSON.stringify(pack));
    writeFileSync(
      join(project, "Pulumi.yaml"),
      "name: theirs\nruntime: nodejs\noptions: { refresh: always }\n",
    );
    writeFileSync(join(project, "index.js"), program());
    // tsx only for the older language host, which is told to load it for every project.
    await npmInstall(project, [tarball, withVersion("@pulumi/pulumi"), withVersion("tsx")]);
    stack = await site.stack("theirs", {}, [], project);
  });
  after(() => site?.down());

  it("holds compiled code with its types and the scripts for hosts, and no sources", () => {
    const installed = join(project, "node_modules/dockroute");
    for (const file of [
      "bin/index.js",
      "bin/index.d.ts",
      "bin/shells/dynamic/handlers.js",
      "bin/host/confirm/confirm.sh",
      "bin/boot/apply.sh",
      "handlers.js",
      "package.json",
    ]) {
      assert.ok(existsSync(join(installed, file)), file);
    }
    for (const folder of ["provider", "stacks", "test", "lab"]) {
      assert.ok(!existsSync(join(installed, folder)), folder);
    }
  });

  it("describes itself in a way that every resolver and module system reads", async () => {
    const bin = (name: string) => join(root, "node_modules/.bin", name);
    await run([bin("publint"), tarball, "--strict"], { cwd: root });
    await run([bin("attw"), tarball, "--no-emoji"], { cwd: root });
  });

  it("converges real hosts from another project, and takes it back", async () => {
    const fresh = await site.snapshots();
    await good(stack.up("--continue-on-error"));
    assert.deepEqual(await amiss(site.lab.hosts), []);
    await good(stack.preview("--expect-no-changes"));
    await good(stack.destroy("--continue-on-error"));
    assert.deepEqual(await site.changedSince(fresh), []);
  });

  it("is never run by a checkout: there the sources are read, whatever lies in bin/", async () => {
    const checkout = join(site.folder, "checkout");
    mkdirSync(join(checkout, "bin/shells/dynamic"), { recursive: true });
    for (const part of ["handlers.js", "package.json", "provider", "tsconfig.json"]) {
      cpSync(join(root, part), join(checkout, part), { recursive: true });
    }
    await run(["ln", "-s", join(root, "node_modules"), join(checkout, "node_modules")]);
    writeFileSync(join(checkout, "bin/shells/dynamic/handlers.js"), "exports.PeerRoute = 'stale';");
    const ask = ["node", "-p", "typeof require('./handlers.js').PeerRoute"];
    assert.equal((await run(ask, { cwd: checkout })).trim(), "object");
    rmSync(join(checkout, "provider"), { recursive: true });
    assert.equal(
      (await run(ask, { cwd: checkout })).trim(),
      "string",
      "without sources it is bin/ that is read",
    );
  });

  /** As the README shows it, for two hosts. */
  function program(): string {
    const hosts = site.lab.hosts.map(({ name, address }, at) => ({
      name,
      address,
      part: `172.30.${at + 1}`,
    }));
    const login = { privateKeyFile: site.lab.privateKeyFile, knownHostsFile: site.lab.knownHostsFile };
    return `
const { DockerBridge, PeerRoute, MasqueradeRule, ForwardRule } = require("dockroute");
const hosts = ${JSON.stringify(hosts)};
const on = ({ name, address }) => ({ host: name, connection: { host: address, user: "root", ...${JSON.stringify(login)} } });
const bridges = hosts.map((host) => new DockerBridge(host.name + "-bridge", { ...on(host), bip: host.part + ".1/24" }));
hosts.forEach((host, at) => {
  const peer = hosts[1 - at];
  const [own, theirs] = [host.part + ".0/24", peer.part + ".0/24"];
  const after = { dependsOn: bridges };
  new MasqueradeRule(host.name + "-masquerade", { ...on(host), source: own, exclude: [theirs] }, after);
  new ForwardRule(host.name + "-forward", { ...on(host), destination: own, sources: [theirs, peer.address + "/32"] }, after);
  new PeerRoute(host.name + "-to-" + peer.name, { ...on(host), peer: peer.name, destination: theirs, gateway: peer.address }, after);
});
`;
  }
});

async function good(running: Promise<Ran>): Promise<void> {
  const ran = await running;
  assert.equal(ran.code, 0, ran.text);
}
