/** A sample of `npm run test:faults`: the points where most is at stake. The others of these are in test/long. */
import { match } from "node:assert/strict";
import { BridgeMade, long, replaced, restarted } from "../faults/bridge-made.js";

describe("a fault while docker0 gets its address, a sample", function () {
  this.timeout(180_000);
  let made: BridgeMade;
  before(async () => {
    made = await BridgeMade.up(process.env["LAB_PREFIX"] ?? "fltshort");
  });
  after(async () => made?.down());

  it("A1 the link is cut for longer than the host waits: it goes back alone, and the next up ends well", async () => {
    const { said } = await made.holds("link cut", restarted, long, { meanwhile: made.isOld });
    match(said, /^alpha/);
  });

  it("A4 the client is killed when the new file is in place: the host goes back alone", async () => {
    await made.holds("client killed", replaced, long, { meanwhile: made.isOld });
  });

  it("A9 the power is cut before the confirmation: the host boots with its old address", async () => {
    await made.holds("power cut", restarted, long, { meanwhile: made.isOld });
  });
});
