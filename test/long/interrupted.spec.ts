/** An `up` of two hosts that a person, a kill or a reboot interrupts; and a finished one when the hosts reboot. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import { sleep, until } from "../../lab/run.js";
import type { Snapshot } from "../../lab/snapshot.js";
import { MeshBench, wiredConfig } from "../faults/mesh-bench.js";
import { isPending, sameAs, snapshotOf, standing } from "../faults/oracle.js";
import { family, isAlive, kill, type Started } from "../faults/process.js";

const prefix = process.env["LAB_PREFIX"] ?? "interrupt";

describe("an up that is interrupted", function () {
  this.timeout(600_000);
  let bench: MeshBench;

  before(async () => {
    process.env["DOCKROUTE_UNDO_SECONDS"] ??= "15";
    bench = await MeshBench.up(prefix, [
      { name: "alpha", image: "docker26" },
      { name: "beta", image: "docker28" },
    ]);
  });
  after(async () => {
    delete process.env["DOCKROUTE_UNDO_SECONDS"];
    await bench?.down();
  });

  /** An up that has begun to change a host's Docker. */
  async function begun(): Promise<Started> {
    const client = bench.startUp();
    await until(
      "a change under way",
      120_000,
      async () => client.over() || (await Promise.all(bench.lab.hosts.map(isPending))).some((is) => is),
    );
    return client;
  }

  /** Each host old or new by itself, then whole by the next up, then as before the first. */
  async function endsWell(killed: boolean): Promise<void> {
    deepEqual((await standing(bench.lab, ["box"], Date.now(), true)).wrong, []);
    deepEqual(await bench.converges(killed), []);
    deepEqual(await bench.goesAway(), []);
  }

  /** As a terminal does it: every process of its foreground gets the signal. */
  const pressCtrlC = ({ pid }: Started) => process.kill(-pid, "SIGINT");

  it("A5 Ctrl-C once: what was begun is brought to an end, and the next up goes on", async () => {
    const client = await begun();
    pressCtrlC(client);
    await client.ended;
    await endsWell(false);
  });

  it("A5 Ctrl-C twice: it ends at once, each host is old or new, and the next up goes on", async () => {
    const client = await begun();
    const relatives = family(client.pid);
    pressCtrlC(client);
    await sleep(500);
    if (!client.over()) pressCtrlC(client);
    await client.ended;
    await ended(relatives);
    await endsWell(true);
  });

  it("A4 the engine alone is killed: the provider ends with it", async () => {
    const client = await begun();
    const relatives = family(client.pid);
    kill([client.pid]);
    await ended(relatives);
    // Pulumi's own.
    kill([...relatives.keys()].filter(isAlive));
    await endsWell(true);
  });

  async function ended(relatives: ReadonlyMap<number, string>): Promise<void> {
    const ours = [...relatives].filter(([, words]) => /dynamic-provider/.test(words)).map(([id]) => id);
    equal(ours.length > 0, true, "there was no provider process");
    await until("the provider's end", 5000, async () => !ours.some(isAlive));
  }

  it("A1 the next up takes nothing for made that only waits for its confirmation", async () => {
    const made = await bench.stack.up("--continue-on-error");
    equal(made.code, 0, made.text);
    const config = wiredConfig(bench.lab, bench.wires);
    const [alpha, beta] = config["hosts"] as readonly object[];
    const pinned = { ...alpha, subnet: "172.30.9.0/24" };
    bench.configure({ ...config, hosts: [pinned, beta] });
    const tripwire = bench.tripwire("alpha");
    await tripwire.begin({ landmark: "systemctl restart docker.service", more: 1 });
    const client = bench.startUp();
    equal(await tripwire.hit(client.over), true, "Docker was not restarted");
    bench.wire("alpha").cut();
    await tripwire.release();
    match((await client.ended).stdout, /Undone: unknown/);
    bench.wire("alpha").mend();
    // The host still waits, and would take it back after this has ended, or while beta's Docker restarts.
    bench.configure({ ...config, hosts: [pinned, { ...beta, subnet: "172.30.10.0/24" }] });
    const restarts = bench.lab.hosts.map(dockerStarts);
    const [ofAlpha = 0, ofBeta = 0] = (await Promise.all(restarts)).map(({ length }) => length);
    const again = await bench.stack.up("--continue-on-error");
    match(again.text, /alpha\/bridge: found a change that nobody confirmed/);
    match(again.text, /alpha: a change that nobody confirmed is rolled back first/);
    equal(again.code, 0, again.text);
    deepEqual((await standing(bench.lab, ["box"], Date.now(), true)).wrong, []);
    const after = await bench.stack.preview("--expect-no-changes", "--refresh");
    equal(after.code, 0, after.text);
    deepEqual(await bench.whole(), []);
    match(await bench.lab.host("alpha").run("ip -4 addr show docker0"), /172\.30\.9\.1\/24/);
    const [back, anew] = (await dockerStarts(bench.lab.host("alpha"))).slice(ofAlpha);
    const [turn] = (await dockerStarts(bench.lab.host("beta"))).slice(ofBeta);
    ok(back && anew && turn && back < turn, `${back} and ${anew} at alpha, ${turn} at beta`);
    await tripwire.end();
    deepEqual(await bench.goesAway(), []);
    bench.configure(config);
  });

  /** A client that is killed when alpha has some scripts of which the engine was not told. */
  async function leavesUnrecorded(): Promise<void> {
    const tripwire = bench.tripwire("alpha");
    // The routes are in the kernel then, and the batch goes on to their scripts.
    await tripwire.begin({ landmark: "ip -force -batch -", more: 0 });
    const client = bench.startUp();
    equal(await tripwire.hit(client.over), true, "no script was written");
    kill([...family(client.pid).keys()]);
    await tripwire.release();
    await client.ended;
    // A batch that was begun on the host may come to its end there.
    await sleep(3000);
    await tripwire.end();
    match(await bench.lab.host("alpha").run("find /etc/dockroute/scripts -type f"), /scripts\//);
    await bench.stack.cancel();
  }

  it("A4, E2 destroy takes along what a killed client had made and no state knows", async () => {
    await leavesUnrecorded();
    deepEqual(await bench.goesAway(), []);
  });

  it("A4, E2 a host that leaves takes along what a killed client had made and no state knows", async () => {
    await leavesUnrecorded();
    const config = wiredConfig(bench.lab, bench.wires);
    const [alpha, beta] = config["hosts"] as readonly { name: string; connection: object }[];
    const leaving = [{ name: alpha?.name, connection: alpha?.connection }];
    bench.configure({ ...config, hosts: [beta], leaving });
    const left = await bench.stack.up("--continue-on-error");
    equal(left.code, 0, left.text);
    deepEqual(await bench.asBefore(bench.lab.host("alpha")), []);
    deepEqual(await bench.goesAway(), []);
    bench.configure(config);
  });

  it("A4 the next up makes the rest of a change of which a killed client left the first step", async () => {
    const made = await bench.stack.up("--continue-on-error");
    equal(made.code, 0, made.text);
    const beta = bench.lab.host("beta");
    const other = beta.address.replace(/\d+$/, "77");
    await beta.run(`ip address add ${other}/24 dev eth0`);
    const config = wiredConfig(bench.lab, bench.wires);
    const [first, second] = config["hosts"] as readonly object[];
    bench.configure({ ...config, hosts: [first, { ...second, address: other }] });
    // The repair would put the old route back some time within half a minute.
    await bench.lab.host("alpha").run("systemctl stop dockroute-repair.timer");
    const tripwire = bench.tripwire("alpha");
    await tripwire.begin({ landmark: "ip -force -batch -", more: 0 });
    const client = bench.startUp();
    equal(await tripwire.hit(client.over), true, "the route's script was not written");
    kill([...family(client.pid).keys()]);
    // The batch would go on alone, so it is ended too. Our shell ends with the next word that it has to say.
    await bench.lab.host("alpha").run("pkill -x perl");
    await sleep(1000);
    await tripwire.release();
    await client.ended;
    await tripwire.end();
    const route = "ip route show proto 219; grep -h 'ip route' /etc/dockroute/scripts/*-route-*";
    const halfway = await bench.lab.host("alpha").run(route);
    match(halfway, new RegExp(`via ${other} .*\n.* via ${beta.address} `), "not the first step alone");
    await bench.stack.cancel();
    const again = await bench.stack.up("--continue-on-error");
    equal(again.code, 0, again.text);
    const due = await bench.stack.preview("--expect-no-changes", "--refresh");
    equal(due.code, 0, due.text);
    const after = await bench.lab.host("alpha").run(route);
    match(after, new RegExp(`via ${other} .*\n.* via ${other} `));
    bench.configure(config);
    deepEqual(await bench.converges(false), []);
    await beta.run(`ip address del ${other}/24 dev eth0`);
    deepEqual(await bench.goesAway(), []);
  });

  it("A8 what was made survives a reboot of every host, and a preview finds nothing to do", async () => {
    const made = await bench.stack.up("--continue-on-error");
    equal(made.code, 0, made.text);
    const were = new Map<string, Snapshot>();
    for (const host of bench.lab.hosts) were.set(host.name, await snapshotOf(host));
    await Promise.all(bench.lab.hosts.map(({ name }) => bench.lab.reboot(name)));
    for (const host of bench.lab.hosts) deepEqual(await sameAs(were.get(host.name) as Snapshot, host), []);
    deepEqual(await bench.whole(), []);
    const preview = await bench.stack.preview("--expect-no-changes", "--refresh");
    equal(preview.code, 0, preview.text);
    match(preview.text, /unchanged/);
  });
});

/** The starts of Docker, in seconds of the one kernel's clock. */
async function dockerStarts(host: Host): Promise<readonly number[]> {
  const said = await host.run("journalctl -u docker -o short-monotonic --no-pager");
  return [...said.matchAll(/^\[ *([\d.]+)\].*systemd\[1\]: Started [dD]ocker/gm)].map(([, at]) => Number(at));
}
