/** Docker is restarted only where it must be, one host after the other; preview names the containers that stop. */
import assert from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import { startBox } from "../../lab/probe.js";
import { changed, dockers, quickBox, Scene, threeHosts } from "../support/scene.js";
import { meshConfig } from "../support/stack.js";

/** Hosts beside the three that run no container. */
const idle = [
  { name: "idle1", image: "docker20" },
  { name: "idle2", image: "docker26" },
];

describe("restarts of Docker", () => {
  let scene: Scene;
  let busy: readonly Host[];
  const pool = (range: string, more: object = {}) =>
    scene.stack.configure({ ...meshConfig(scene.lab, undefined, range), ...more });

  before(async () => {
    scene = await Scene.set(process.env["LAB_PREFIX"] ?? "t1rest", [...threeHosts, ...idle]);
    busy = scene.lab.hosts.filter(({ name }) => !name.startsWith("idle"));
    await Promise.all(busy.map((host) => startBox(host, "box", quickBox)));
    await Promise.all(busy.map((host) => startBox(host, "once", ["--stop-timeout", "1"])));
  });
  after(() => scene?.strike());

  it("B8 preview names the hosts whose Docker restarts, and what stops and stays stopped there", async () => {
    const { text } = await scene.preview();
    for (const { name } of busy) {
      const words =
        "containers that stop: (box, once|once, box); come back by themselves: box; stay stopped, .*: once";
      assert.match(text, new RegExp(`${name}: Docker restarts, because docker0 changes from .*; ${words}`));
    }
    for (const { name } of idle) {
      assert.match(text, new RegExp(`${name}: Docker restarts, .* no container runs there`));
    }
  });

  it("C4 one host with containers at a time; those without do not wait; what has a policy is back", async () => {
    const was = await marks(scene.lab.hosts);
    const started = await bootTime(scene.lab.hosts[0]);
    await scene.up();
    const spans = await outages(scene.lab.hosts, was);
    assert.deepEqual([...spans.keys()].sort(), ["alpha", "beta", "gamma", "idle1", "idle2"]);
    assert.equal(atOnce(busy.map(({ name }) => spans.get(name))), 1, words(spans));
    const firstBusy = Math.min(...busy.map(({ name }) => spans.get(name)?.up ?? 0));
    const secondBusy = busy.map(({ name }) => spans.get(name)?.down ?? 0).sort((a, b) => a - b)[1] ?? 0;
    assert(firstBusy > started);
    for (const { name } of idle) assert((spans.get(name)?.down ?? Infinity) < secondBusy, words(spans));
    for (const host of busy) assert.deepEqual(await running(host), ["box"]);
  });

  it("nothing restarts that need not", async () => {
    const was = await dockers(scene.lab.hosts);
    assert.deepEqual(changed(await scene.up()), []);
    assert.deepEqual(await dockers(scene.lab.hosts), was);
  });

  it("with maxUnavailable 3 all three go at once", async () => {
    pool("172.28.0.0/16", { maxUnavailable: 3 });
    const was = await marks(scene.lab.hosts);
    await scene.up();
    const spans = await outages(scene.lab.hosts, was);
    assert(atOnce(busy.map(({ name }) => spans.get(name))) >= 2, words(spans));
    await Promise.all(busy.map(async (host) => assert.deepEqual(await running(host), ["box"])));
  });

  it("a host that fails before its restart holds up no other host", async () => {
    pool("172.29.0.0/16");
    const [immutable, full, good] = busy;
    assert(immutable && full && good);
    await immutable.run("chattr +i /etc/docker/daemon.json");
    await full.run(fillEtc);
    const was = await dockers(busy);
    const ran = await scene.stack.up("--continue-on-error");
    const now = await dockers(busy);
    await immutable.run("chattr -i /etc/docker/daemon.json");
    await full.run("umount /etc/dockroute");
    assert.notEqual(ran.code, 0);
    assert.match(
      ran.text,
      new RegExp(`${immutable.name}: could not make sure that daemon.json can be replaced`),
    );
    assert.match(ran.text, new RegExp(`${full.name}: [^]*?make room in its /etc`));
    assert.doesNotMatch(ran.text, /Docker was not restarted/);
    assert.deepEqual(
      busy.filter((_, at) => was[at] !== now[at]).map(({ name }) => name),
      [good.name],
    );
    assert.match(await good.run("ip -4 addr show docker0"), /172\.29\./);
    for (const host of busy) assert.deepEqual(await running(host), ["box"]);
    await scene.up();
    for (const host of busy) assert.match(await host.run("ip -4 addr show docker0"), /172\.29\./);
  });

  it("B6 C4 after one host has failed in its restart, no further host is restarted, and it is itself as before", async () => {
    const [first] = busy;
    assert(first);
    pool("172.30.0.0/16");
    // Whichever host comes first, its Docker does not start with the new bip, and does with the old one.
    for (const host of busy) await host.run(refuseBip("172.30."));
    const was = await dockers(busy);
    const ran = await scene.stack.up("--continue-on-error");
    const now = await dockers(busy);
    for (const host of busy)
      await host.run("rm -r /etc/systemd/system/docker.service.d; systemctl daemon-reload");
    assert.notEqual(ran.code, 0);
    const restarted = busy.filter((_, at) => was[at] !== now[at]);
    assert.equal(restarted.length, 1, `${ran.text}\n${was.join("\n")}\n${now.join("\n")}`);
    const failed = restarted[0]?.name ?? "";
    for (const { name } of busy.filter((host) => host.name !== failed)) {
      assert.match(
        ran.text,
        new RegExp(`${name}: Docker was not restarted, because ${failed} failed at its own restart`),
      );
    }
    for (const host of busy) {
      assert.match(await host.run("ip -4 addr show docker0"), /172\.29\./);
      assert.match(await host.run("cat /etc/docker/daemon.json"), /172\.29\./);
      assert.deepEqual(await running(host), ["box"]);
    }
  });

  it("the next up finishes what was left", async () => {
    await scene.up();
    for (const host of busy) assert.match(await host.run("ip -4 addr show docker0"), /172\.30\./);
    assert.deepEqual(changed(await scene.preview()), []);
  });
});

/** Leaves no room where the rollback would be put. */
const fillEtc =
  "cp -a /etc/dockroute /srv/; mount -t tmpfs -o size=64k none /etc/dockroute; cp -a /srv/dockroute/. /etc/dockroute/; head -c 90000 /dev/zero >/etc/dockroute/ballast || :";

const refuseBip = (start: string): string =>
  `mkdir -p /etc/systemd/system/docker.service.d
   printf '[Service]\\nExecStartPre=/bin/sh -c "! grep -q ${start} /etc/docker/daemon.json"\\n' > /etc/systemd/system/docker.service.d/refuse.conf
   systemctl daemon-reload`;

async function running(host: Host): Promise<readonly string[]> {
  return (await host.run("docker ps --format '{{.Names}}'")).trim().split("\n").sort();
}

/** From the moment when systemd begins to stop Docker to the moment when it is active again, in seconds of the one kernel's clock. */
interface Span {
  readonly down: number;
  readonly up: number;
}

const stamps = ["ActiveExitTimestampMonotonic", "ActiveEnterTimestampMonotonic"];

async function times(host: Host): Promise<Span> {
  const said = await host.run(["systemctl", "show", "docker", ...stamps.flatMap((name) => ["-p", name])]);
  const seconds = (name: string) => Number(new RegExp(`${name}=(\\d+)`).exec(said)?.[1]) / 1e6;
  return { down: seconds(stamps[0] ?? ""), up: seconds(stamps[1] ?? "") };
}

async function marks(hosts: readonly Host[]): Promise<ReadonlyMap<string, Span>> {
  return new Map(await Promise.all(hosts.map(async (host) => [host.name, await times(host)] as const)));
}

/** The last outage of each host whose Docker has restarted since. */
async function outages(
  hosts: readonly Host[],
  since: ReadonlyMap<string, Span>,
): Promise<ReadonlyMap<string, Span>> {
  const now = await marks(hosts);
  return new Map([...now].filter(([name, { up }]) => up !== since.get(name)?.up));
}

async function bootTime(host: Host | undefined): Promise<number> {
  return host === undefined ? 0 : (await times(host)).up;
}

/** The number of spans that overlap at the worst moment. */
function atOnce(spans: readonly (Span | undefined)[]): number {
  const all = spans.filter((span) => span !== undefined);
  return Math.max(...all.map(({ down }) => all.filter((one) => one.down <= down && down < one.up).length));
}

function words(spans: ReadonlyMap<string, Span>): string {
  return [...spans]
    .map(([name, { down, up }]) => `${name} ${down.toFixed(2)} to ${up.toFixed(2)}`)
    .join("\n");
}
