/** A sample of test/faults: the promises of reliability.md by their letters, at the points where most is at stake. */
import { deepEqual, doesNotMatch, match } from "node:assert/strict";
import { join } from "node:path";
import type { Fault } from "../faults/faults.js";
import { ResourceBench, type TryOptions } from "../faults/resource-bench.js";
import type { Call } from "../faults/tripwire.js";

const prefix = process.env["LAB_PREFIX"] ?? "faults";
/** Of the forms of a fault: see test/faults/faults.ts. */
const short = 0;
const long = 1;

describe("a fault while docker0 gets its address", function () {
  this.timeout(180_000);
  let bench: ResourceBench;
  let calls: readonly Call[];

  before(async () => {
    process.env["DOCKROUTE_UNDO_SECONDS"] ??= "10";
    bench = await ResourceBench.up(prefix, "docker28");
    const [bridge] = bench.all;
    if (bridge !== undefined) await bench.choose(bridge);
    calls = await bench.record("create");
  });

  after(async () => {
    delete process.env["DOCKROUTE_UNDO_SECONDS"];
    await bench?.down();
  });

  const pointOf = (words: RegExp): number => {
    const call = calls.find((each) => each.changing && words.test(each.words));
    if (call === undefined) throw new Error(`no call like ${words}`);
    return call.n;
  };
  const replaced = /^mv -T \/etc\/docker\/daemon.json/;
  const restarted = /^systemctl restart docker/;

  async function holds(fault: Fault, at: RegExp, variant: number, more: Omit<TryOptions, "variant"> = {}) {
    const tried = await bench.try("create", fault, pointOf(at), { ...more, variant });
    deepEqual({ reached: tried.reached, wrong: tried.wrong }, { reached: true, wrong: [] });
    return tried;
  }
  const docker0 = () => bench.host.run("ip -4 addr show docker0");
  const isOld = async () => ((await docker0()).includes("172.30.1.1") ? ["docker0 has the new address"] : []);

  it("A1 the link is cut for longer than the host waits: it goes back alone, and the next up ends well", async () => {
    const { said } = await holds("link cut", restarted, long, { meanwhile: isOld });
    match(said, /^alpha/);
  });

  it("A2 the link is cut for a moment: kept or taken back, never both", async () => {
    await holds("link cut", restarted, short);
  });

  it("A4 the client is killed when the new file is in place: the host goes back alone", async () => {
    await holds("client killed", replaced, long, { meanwhile: isOld });
  });

  it("A4 the client is killed, and the next up comes before the time is over", async () => {
    await holds("client killed", restarted, 2);
  });

  it("A6 the power is cut when the new file is in place", async () => {
    await holds("power cut", replaced, long);
  });

  it("A9 the power is cut before the confirmation: the host boots with its old address", async () => {
    await holds("power cut", restarted, long, { meanwhile: isOld });
  });

  it("A7 the host is rebooted while Docker is to restart", async () => {
    await holds("reboot", restarted, long);
  });

  it("A12 the client's clock is years off and jumps, and the host's timer asks no clock of a wall", async () => {
    let timers = "";
    const standing = async () => {
      timers = await bench.host.run(
        "systemctl show -p TimersMonotonic -p TimersCalendar 'dockroute-undo-*.timer'",
      );
    };
    process.env["NODE_OPTIONS"] = `--require ${join(__dirname, "../support/lying-clock.cjs")}`;
    try {
      await holds("link cut", restarted, short, { standing });
      await holds("client killed", restarted, long, { standing, meanwhile: isOld });
    } finally {
      delete process.env["NODE_OPTIONS"];
    }
    match(timers, /^TimersMonotonic=\{ OnActiveUSec=/m);
    doesNotMatch(timers, /^TimersCalendar=\{/m);
  });

  it("B6 Docker does not restart: the old file is back at once, and the message says so", async () => {
    const { said } = await holds("program fails", restarted, long, { meanwhile: isOld });
    match(said, /could not restart Docker.*Undone: yes/s);
  });

  it("B7 the restart hangs: the host takes it back when its time is over", async () => {
    const { said } = await holds("program hangs", restarted, long, { meanwhile: isOld });
    match(said, /^alpha/);
  });
});
