import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../lab/run.js";
import { Site } from "../support/site.js";
import { type Config, meshConfig, type Ran, root, type Stack } from "../support/stack.js";
import { type Wire, wireTo } from "../support/wire.js";

const delay = 80;
const names = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"];

/** The cost between the operator and the hosts is as small as it can be: logins, round trips, bytes in the state. */
describe("connections", () => {
  let site: Site;

  before(async () => {
    const images = Object.fromEntries(names.map((name) => [name, "docker26"]));
    site = await Site.up(process.env["LAB_PREFIX"] ?? "t2c", images, { boxes: false });
    // So that sshd writes a line for each exec.
    const verbose = "echo LogLevel VERBOSE >/etc/ssh/sshd_config.d/execs.conf; systemctl reload ssh";
    await Promise.all(site.lab.hosts.map((host) => host.run(verbose)));
  });
  after(() => site?.down());

  it("C5 are opened to eight far hosts within about the time of one", async () => {
    const wires = await Promise.all(site.lab.hosts.map(({ address }) => wireTo(address, delay)));
    const stack = await site.stack("far", farAway(wires), [counting()]);
    const one = await secondsOfOneDial(wires[0] as Wire);

    const preview = await stack.preview();
    assert.equal(preview.code, 0, preview.text);

    const begun = wires.map((wire) => wire.begun.at(-1) ?? Number.NaN);
    const spread = (Math.max(...begun) - Math.min(...begun)) / 1000;
    assert.ok(spread < one, `the last of 8 began ${spread} s after the first, and one dial takes ${one} s`);
    for (const wire of wires.slice(1)) assert.equal(wire.begun.length, launched(), preview.text);
    for (const wire of wires) await wire.close();
  });

  it("are one a host in each provider process, and one more for each confirmation", async () => {
    const stack = await site.stack("near", meshConfig(site.lab, names.slice(0, 4)), [counting()]);
    const first = await counted(stack.up("--continue-on-error"));
    assert.deepEqual(first.logins, same(first.processes + 1), "a first up restarts Docker once on each host");
    // Of 6 resources a host the bridge takes 9 and the rest 2 to 10, as the engine hands them over; most share them.
    const execs = Object.values(first.execs);
    const all = execs.reduce((sum, each) => sum + each, 0);
    assert.ok(Math.max(...execs) <= 9 + 10, `${JSON.stringify(first.execs)} execs: ${first.text}`);
    assert.ok(all <= 16 * execs.length, `${JSON.stringify(first.execs)} execs: ${first.text}`);

    const again = await counted(stack.up("--continue-on-error"));
    atMost(again, again.processes);

    stack.configure({ ...meshConfig(site.lab, names.slice(0, 4)), maxUnavailable: 2 });
    const reconfigured = await counted(stack.up("--continue-on-error"));
    atMost(reconfigured, reconfigured.processes);

    await holdsShortProviders(stack);

    const destroy = await counted(stack.destroy("--continue-on-error"));
    atMost(destroy, destroy.processes + 1);
    assert.ok(again.processes <= 2 && reconfigured.processes <= 4, "processes of an up");
  });

  async function holdsShortProviders(stack: Stack): Promise<void> {
    const exported = JSON.parse(await stack.export()) as {
      deployment: { resources: { urn: string; outputs?: Record<string, unknown> }[] };
    };
    const sizes = exported.deployment.resources.flatMap(({ outputs }) =>
      typeof outputs?.["__provider"] === "string" ? [Buffer.byteLength(outputs["__provider"])] : [],
    );
    assert.equal(sizes.length, 4 * 6, "a bridge, two rules and three routes on each host");
    assert.ok(Math.max(...sizes) <= 600, `${Math.max(...sizes)} bytes`);
  }

  const count = () => join(site.folder, "launched");
  const launched = () => (existsSync(count()) ? readFileSync(count(), "utf8").split("\n").length - 1 : 0);

  /** A folder for PATH whose launcher of the provider process notes each start. */
  function counting(): string {
    const folder = join(site.folder, "counting");
    rmSync(count(), { force: true });
    mkdirSync(folder, { recursive: true });
    const file = join(folder, "pulumi-resource-pulumi-nodejs");
    const real = join(root, "node_modules/@pulumi/pulumi/pulumi-resource-pulumi-nodejs");
    writeFileSync(file, `#!/bin/sh\necho >>${count()}\nexec ${real} "$@"\n`);
    chmodSync(file, 0o755);
    return folder;
  }

  function atMost({ logins, text }: { logins: Record<string, number>; text: string }, most: number): void {
    assert.ok(
      Math.max(...Object.values(logins)) <= most,
      `${JSON.stringify(logins)}, ${most} allowed: ${text}`,
    );
  }

  const same = (logins: number) => Object.fromEntries(names.slice(0, 4).map((name) => [name, logins]));

  interface Counted extends Ran {
    readonly processes: number;
    /** By host. */
    readonly logins: Record<string, number>;
    readonly execs: Record<string, number>;
  }

  async function counted(running: Promise<Ran>): Promise<Counted> {
    const before = { logins: await lines(login), execs: await lines(exec), processes: launched() };
    const ran = await running;
    assert.equal(ran.code, 0, ran.text);
    const more = (after: readonly number[], was: readonly number[]): Record<string, number> =>
      Object.fromEntries(names.slice(0, 4).map((name, at) => [name, (after[at] ?? 0) - (was[at] ?? 0)]));
    return {
      ...ran,
      processes: launched() - before.processes,
      logins: more(await lines(login), before.logins),
      execs: more(await lines(exec), before.execs),
    };
  }

  const login = "Accepted publickey for ";
  const exec = "Starting session: command ";

  /** Of each host's sshd. */
  function lines(beginning: string): Promise<number[]> {
    const count = `journalctl --no-pager -o cat | grep -c '^${beginning}' || :`;
    return Promise.all(names.slice(0, 4).map(async (name) => Number(await site.lab.host(name).run(count))));
  }

  async function secondsOfOneDial(wire: Wire): Promise<number> {
    const started = performance.now();
    const options = ["-F", "none", "-i", site.lab.privateKeyFile, "-o", "StrictHostKeyChecking=no"];
    const known = ["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"];
    await run(["ssh", ...options, ...known, "-p", String(wire.port), "root@127.0.0.1", "true"]);
    return (performance.now() - started) / 1000;
  }

  function farAway(wires: readonly Wire[]): Config {
    const config = meshConfig(site.lab);
    const hosts = site.lab.hosts.map((host, at) => {
      const hostKey = readFileSync(join(host.root, "etc/ssh/ssh_host_ed25519_key.pub"), "utf8");
      const connection = {
        host: "127.0.0.1",
        port: wires[at]?.port,
        hostKey: hostKey.split(" ").slice(0, 2).join(" "),
      };
      return { name: host.name, address: host.address, connection };
    });
    return { ...config, hosts };
  }
});
