/** Every example, as its README says it, with the packed tarball and on real hosts. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tryRun } from "../../lab/run.js";
import { commandPlugin } from "../support/command-plugin.js";
import { copyExample, npmInstall, packed, withVersion } from "../support/installed.js";
import { amiss } from "../support/mesh.js";
import { preparePolicies } from "../support/policy.js";
import { succeeded } from "../support/scene.js";
import { Site } from "../support/site.js";
import { type Config, root, type Stack } from "../support/stack.js";

describe("the example", () => {
  let site: Site;
  let fresh: Awaited<ReturnType<Site["snapshots"]>>;
  const shown: string[] = [];

  before(async () => {
    // docker0 is set by somebody else: routes-only needs it, the others move it and give it back.
    site = await Site.up(
      "pkex",
      { alpha: "docker26", beta: "docker26" },
      { daemonJson: (at) => ({ bip: `172.31.${at + 1}.1/24` }) },
    );
    const packages = ["@pulumi/pulumi", "@pulumi/command", "@pulumi/policy", "tsx", "typescript"];
    await npmInstall(site.folder, [await packed(site.folder), ...packages.map(withVersion)]);
    fresh = await site.snapshots();
  });
  after(() => site?.down());

  async function stackOf(name: string, more: Config = {}, front: readonly string[] = []): Promise<Stack> {
    const { folder, config } = copyExample(name, site.folder, site.lab);
    shown.push(name);
    return site.stack(`stack-${name}`, { ...config, ...more }, front, folder);
  }

  async function goesRound(stack: Stack): Promise<void> {
    succeeded(await stack.preview());
    succeeded(await stack.up("--continue-on-error"));
    assert.deepEqual(await amiss(site.lab.hosts), []);
    succeeded(await stack.preview("--expect-no-changes"));
  }

  async function goesAway(stack: Stack): Promise<void> {
    succeeded(await stack.destroy("--continue-on-error"));
    assert.deepEqual(await site.changedSince(fresh), []);
  }

  it("two-hosts", async () => {
    const stack = await stackOf("two-hosts");
    await goesRound(stack);
    assert.deepEqual(Object.keys((await stack.outputs())["plan"] as object), ["alpha", "beta"]);
    await goesAway(stack);
  });

  it("routes-only, without a restart of Docker", async () => {
    const ask = ["systemctl", "show", "docker", "-p", "MainPID"];
    const dockers = () => Promise.all(site.lab.hosts.map((host) => host.run(ask)));
    const before = await dockers();
    const stack = await stackOf("routes-only");
    await goesRound(stack);
    await goesAway(stack);
    assert.deepEqual(await dockers(), before);
  });

  it("cloud-vms, whose addresses no preview knows, and whose parts it shows", async () => {
    const stack = await stackOf("cloud-vms");
    const known = readFileSync(site.lab.knownHostsFile, "utf8");
    const machines = site.lab.hosts.map(({ address }, at) => {
      const hostKey = known.match(new RegExp(`^${address} (ssh-ed25519 \\S+)$`, "m"))?.[1];
      return [`node-${at + 1}`, { privateIp: address, publicIp: address, hostKey }];
    });
    const folder = join(site.folder, "cloud-vms");
    writeFileSync(join(folder, "stock.json"), JSON.stringify(Object.fromEntries(machines)));
    const { text } = succeeded(await stack.preview());
    assert.match(text, /bip +: "172\.30\.0\.1\/24"/);
    assert.match(text, /gateway +: \[unknown\]/);
    await goesRound(stack);
    await goesAway(stack);
  });

  it("automation", async () => {
    const { folder } = copyExample("automation", site.folder, site.lab);
    shown.push("automation");
    // Only for the environment: a folder as the backend, its passphrase, PATH.
    const { env } = await site.stack(
      "environment",
      {},
      [],
      copyExample("two-hosts", join(site.folder, "any"), site.lab).folder,
    );
    const main = async (command: string) => {
      const ran = await tryRun(["node", "--import", "tsx", "main.ts", command], { cwd: folder, env });
      assert.equal(ran.code, 0, ran.stdout + ran.stderr);
      return ran.stdout;
    };
    assert.match(await main("preview"), /alpha-to-beta/);
    assert.match(await main("up"), /"bridgeAddress": "172\.30\.1\.1\/24"/);
    assert.deepEqual(await amiss(site.lab.hosts), []);
    assert.match(await main("preview"), /Resources:\s+\S*10 unchanged/);
    await main("destroy");
    assert.deepEqual(await site.changedSince(fresh), []);
  });

  it("policy: an unprotected resource or an overlap is refused before a host is touched", async () => {
    const stack = await stackOf("policy");
    const folder = join(site.folder, "policy");
    const env = await preparePolicies(join(folder, "pack"), stack.env);
    const words = [
      "preview",
      "--stack",
      stack.name,
      "--config-file",
      stack.configFile,
      "--policy-pack",
      "pack",
    ];
    const preview = () => stack.pulumi(words, env);
    succeeded(await preview());
    const program = join(folder, "index.ts");
    const good = readFileSync(program, "utf8");

    writeFileSync(program, good.replace("{ protect: true }", "{}"));
    const unprotected = await preview();
    assert.notEqual(unprotected.code, 0, unprotected.text);
    assert.match(unprotected.text, /bridges-protected[\s\S]*alpha is not protected/);

    const second = good
      .match(/const mesh[\s\S]*?;\n/)?.[0]
      .replace('new Mesh(\n  "mesh"', 'new Mesh(\n  "second"')
      .replace("const mesh", "const second")
      .replace('"alpha"', '"gamma"')
      .replace('"beta"', '"delta"');
    writeFileSync(program, `${good}\n${second}\nexport const other = second.plan;\n`);
    const overlapping = await preview();
    assert.notEqual(overlapping.code, 0, overlapping.text);
    assert.match(overlapping.text, /no-overlaps[\s\S]*overlaps docker0 of/);
    assert.deepEqual(await site.changedSince(fresh), []);
  });

  it("install-docker, on hosts that have none", async () => {
    const known = readFileSync(site.lab.knownHostsFile, "utf8");
    const keys = site.lab.hosts.map(({ name, address }) => [
      `install-docker:hostKey-${name}`,
      known.match(new RegExp(`^${address} (ssh-ed25519 \\S+)$`, "m"))?.[1],
    ]);
    const stack = await stackOf("install-docker", Object.fromEntries(keys), await commandPlugin(site.folder));
    const key = readFileSync(site.lab.privateKeyFile, "utf8");
    const set = ["config", "set", "--secret", "privateKey", "--stack", stack.name];
    succeeded(await stack.pulumi([...set, "--config-file", stack.configFile], {}, key));
    await Promise.all(site.lab.hosts.map((host) => host.run(takeDockerAway)));
    await goesRound(stack);
    await goesAway(stack);
  });

  it("is each of the folder examples/", () => {
    const folders = readdirSync(join(root, "examples"), { withFileTypes: true });
    assert.deepEqual(
      shown.sort(),
      folders
        // It is no program for a user: test/hosts/new-resource.spec.ts runs it.
        .filter((each) => each.isDirectory() && each.name !== "new-resource")
        .map(({ name }) => name)
        .sort(),
    );
  });
});

/** Docker is not there until somebody asks the package manager, which in a lab reaches no archive. */
const takeDockerAway = `
systemctl stop docker.socket docker.service
mv /usr/sbin/dockerd /usr/sbin/dockerd.not-installed
cat >/usr/bin/apt-get.lab <<'END'
#!/bin/sh
case "$*" in
*install*docker.io*)
  mv /usr/sbin/dockerd.not-installed /usr/sbin/dockerd
  mv /usr/bin/apt-get.real /usr/bin/apt-get
  systemctl start docker.service
  ;;
esac
END
chmod 755 /usr/bin/apt-get.lab
mv /usr/bin/apt-get /usr/bin/apt-get.real
mv /usr/bin/apt-get.lab /usr/bin/apt-get
`;
