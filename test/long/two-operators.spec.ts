/** Others at the same hosts: a second operator, one who was killed, and a host that is gone for good. */
import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { until } from "../../lab/run.js";
import { MeshBench, wiredConfig } from "../faults/mesh-bench.js";
import { nothingLeft } from "../faults/oracle.js";
import { family, kill } from "../faults/process.js";
import type { Call } from "../faults/tripwire.js";

describe("two hosts, and more than one who runs up", function () {
  this.timeout(300_000);
  let bench: MeshBench;

  before(async () => {
    process.env["DOCKROUTE_UNDO_SECONDS"] ??= "20";
    bench = await MeshBench.up(process.env["LAB_PREFIX"] ?? "twoop", [
      { name: "alpha", image: "docker26" },
      { name: "beta", image: "docker28" },
    ]);
  });
  after(async () => {
    delete process.env["DOCKROUTE_UNDO_SECONDS"];
    await bench?.down();
  });

  const stateOf = async (): Promise<string> => bench.stack.export();
  /** True once the change of alpha's bridge has begun. */
  const changing = async () =>
    (await bench.lab.host("alpha").exec("test -e /etc/dockroute/pending/undo")).code === 0;

  it("C1 a second up of the same stack is refused; after kill -9 the message says `pulumi cancel`, and up goes on", async () => {
    const first = bench.startUp();
    await until("the first change", 60_000, changing);
    const second = await bench.stack.up("--continue-on-error");
    notEqual(second.code, 0);
    match(second.text, /pulumi cancel/);
    kill(family(first.pid).keys());
    await first.ended;
    const third = await bench.stack.up("--continue-on-error");
    match(third.text, /pulumi cancel/);
    deepEqual(await bench.converges(true), []);
  });

  it("C2 a second stack at the same hosts is refused by the name of the first, whose up ends well", async () => {
    const other = await bench.another("other");
    const before = await stateOf();
    const config = { ...wiredConfig(bench.lab, bench.wires), pool: "172.29.0.0/16" };
    // The first stack is given another pool, so both have to change each host.
    other.configure(wiredConfig(bench.lab, bench.wires));
    bench.configure(config);
    for (const tripwire of bench.tripwires.values()) await tripwire.begin();
    const [one, two] = await Promise.all([
      bench.stack.up("--continue-on-error"),
      other.up("--continue-on-error"),
    ]);
    for (const [name, tripwire] of bench.tripwires) deepEqual(overlapping(await tripwire.end()), [], name);
    equal(one.code, 0, one.text);
    notEqual(two.code, 0);
    match(two.text, /alpha\/bridge of the stack \S+ holds this on the host; two stacks cannot share one/);
    for (const host of bench.lab.hosts) deepEqual(await nothingLeft(host), []);
    notEqual(await stateOf(), before);
    bench.configure(wiredConfig(bench.lab, bench.wires));
    deepEqual(await bench.converges(false), []);
  });

  it("E9 a host is not forgotten as gone while it answers", async () => {
    const config = wiredConfig(bench.lab, bench.wires, ["alpha"]);
    const all = wiredConfig(bench.lab, bench.wires)["hosts"] as { name: string; connection: object }[];
    const { connection } = all.find(({ name }) => name === "beta") ?? { connection: {} };
    bench.configure({ ...config, leaving: [{ name: "beta", connection, gone: true }] });
    const ran = await bench.stack.up("--continue-on-error");
    notEqual(ran.code, 0);
    match(ran.text, /beta .*`gone: true` for this host, but it still answers/);
  });

  it("E9 nor while it lets nobody in", async () => {
    const beta = bench.lab.host("beta");
    await beta.run("mv /root/.ssh /root/.ssh.away");
    const ran = await bench.stack.up("--continue-on-error");
    await beta.run("mv /root/.ssh.away /root/.ssh");
    notEqual(ran.code, 0);
    match(
      ran.text,
      /beta .*`gone: true` for this host, but it may still be there: the login as root was refused/,
    );
    match(await stateOf(), /beta\/bridge/);
  });

  it("E9 a host that is gone for good is dropped by one up, which names what was not undone", async () => {
    await bench.lab.powerCut("beta");
    const ran = await bench.stack.up("--continue-on-error");
    equal(ran.code, 0, ran.text);
    for (const id of ["beta/bridge", "beta/to/alpha", "beta/masquerade", "beta/forward"]) {
      match(ran.text, new RegExp(`beta: gone for good, so this was not undone on it: ${id}`));
    }
    equal(await bench.lab.host("alpha").run("ip route show proto 219"), "");
    const preview = await bench.stack.preview("--expect-no-changes", "--refresh");
    equal(preview.code, 0, preview.text);
    deepEqual(
      JSON.parse(await stateOf()).deployment.resources.filter((each: { urn: string }) =>
        /beta/.test(each.urn),
      ),
      [],
    );
  });
});

/** Programs of a change between two of another one's: the lock on the host is to keep them apart. */
function overlapping(calls: readonly Call[]): readonly string[] {
  const lockers = new Set(
    calls.filter(({ words }) => /^flock .* 9$/.test(words)).map(({ session }) => session),
  );
  const changes = calls.filter(
    ({ session, words }) => lockers.has(session) && !/^(id|flock|cat|tr|cut) ?/.test(words),
  );
  const over = new Set<string>();
  return changes.flatMap(({ session, words }, at) => {
    const before = changes[at - 1]?.session;
    if (before !== undefined && before !== session) over.add(before);
    return over.has(session) ? [words] : [];
  });
}
