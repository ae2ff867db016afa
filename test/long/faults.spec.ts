/** Events while docker0 gets its address; the three most telling of these are a sample in test/hosts. */
import { doesNotMatch, match } from "node:assert/strict";
import { join } from "node:path";
import { asked, BridgeMade, confirmed, long, replaced, restarted, short } from "../faults/bridge-made.js";

describe("a fault while docker0 gets its address", function () {
  this.timeout(240_000);
  let made: BridgeMade;
  before(async () => {
    made = await BridgeMade.up(process.env["LAB_PREFIX"] ?? "faults");
  });
  after(async () => made?.down());

  it("A2 the link is cut for a moment: kept or taken back, never both", async () => {
    await made.holds("link cut", restarted, short);
  });

  it("A4 the client is killed, and the next up comes before the time is over", async () => {
    await made.holds("client killed", restarted, 2);
  });

  it("A6 the power is cut when the new file is in place", async () => {
    await made.holds("power cut", replaced, long);
  });

  it("A7 the host is rebooted while Docker is to restart", async () => {
    await made.holds("reboot", restarted, long);
  });

  it("A12 the client's clock is years off and jumps, and the host's timer asks no clock of a wall", async () => {
    let timers = "";
    const standing = async () => {
      timers = await made.bench.host.run(
        "systemctl show -p TimersMonotonic -p TimersCalendar 'dockroute-undo-*.timer'",
      );
    };
    process.env["NODE_OPTIONS"] = `--require ${join(__dirname, "../support/lying-clock.cjs")}`;
    try {
      await made.holds("link cut", restarted, short, { standing });
      await made.holds("client killed", restarted, long, { standing, meanwhile: made.isOld });
    } finally {
      delete process.env["NODE_OPTIONS"];
    }
    match(timers, /^TimersMonotonic=\{ OnActiveUSec=/m);
    doesNotMatch(timers, /^TimersCalendar=\{/m);
  });

  it("B6 Docker does not restart: the old file is back at once, and the message says so", async () => {
    const { said } = await made.holds("program fails", restarted, long, { meanwhile: made.isOld });
    match(said, /could not restart Docker.*Undone: yes/s);
  });

  it("B7 the restart hangs: the host takes it back when its time is over", async () => {
    const { said } = await made.holds("program hangs", restarted, long, { meanwhile: made.isOld });
    match(said, /^alpha/);
  });

  it("B7 what asks whether the change still waits hangs: the host takes it back all the same", async () => {
    const { said } = await made.holds("program hangs", asked, long, { meanwhile: made.isOld });
    match(said, /^alpha/);
  });

  it("B7 the confirmation hangs: the host takes it back all the same", async () => {
    const { said } = await made.holds("program hangs", confirmed, long, { meanwhile: made.isOld });
    match(said, /^alpha/);
  });
});
