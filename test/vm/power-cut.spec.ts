/** `npm run test:vm -- --points 12 'power'`: how many points, of those below. */
import { deepEqual, ok } from "node:assert/strict";
import { sweepVms, vmUndoSeconds } from "../faults/vm-sweep.js";

const points = Number(process.env["DOCKROUTE_VM_POINTS"] ?? 40);
/** After so many minutes no further point is begun. */
const minutes = Number(process.env["DOCKROUTE_VM_MINUTES"] ?? 15);

describe("a power cut that loses the pages that were not written", function () {
  this.timeout(7_200_000);
  before(() => {
    process.env["DOCKROUTE_UNDO_SECONDS"] ??= vmUndoSeconds;
  });
  after(() => {
    delete process.env["DOCKROUTE_UNDO_SECONDS"];
  });

  it("A6 at points of DockerBridge and of a whole up the host boots, is reached, and the same run converges", async () => {
    const until = Date.now() + minutes * 60_000;
    const rows = await sweepVms({ points, until, say: console.log }, process.env["LAB_PREFIX"] ?? "vmcut");
    const reached = rows.filter((row) => row.reached);
    console.log(`${reached.length} of ${points} points tried in the time`);
    deepEqual(
      rows.filter(({ wrong }) => wrong.length > 0).map(({ run, at, wrong }) => ({ run, at, wrong })),
      [],
    );
    ok(
      reached.some(({ run }) => run.includes("DockerBridge")) &&
        reached.some(({ run }) => run.includes("up")),
    );
  });
});
