/** A line that is slow and loses packets, by the kernel's own netem, which the lab's other hosts do not have. */
import { deepEqual } from "node:assert/strict";
import { sameAs, snapshotOf } from "../faults/oracle.js";
import { Scene, succeeded } from "../support/scene.js";
import { patientConfig } from "../support/vm.js";

describe("a host behind 80 ms and 2 % of loss", function () {
  this.timeout(1_800_000);
  let scene: Scene;

  before(async () => {
    process.env["DOCKROUTE_UNDO_SECONDS"] ??= "600";
    const hosts = [
      { name: "alpha", image: "docker20+vm" },
      { name: "beta", image: "docker28" },
    ];
    scene = await Scene.set(process.env["LAB_PREFIX"] ?? "vmnetem", hosts, patientConfig);
    await scene.startBoxes();
  });
  after(async () => {
    delete process.env["DOCKROUTE_UNDO_SECONDS"];
    await scene?.strike();
  });

  it("comes up, has nothing due then, and is as it was after destroy", async () => {
    const alpha = scene.lab.host("alpha");
    const before = await snapshotOf(alpha);
    // The host's packets wait: a round trip to it, from here and from its peer, takes 80 ms longer.
    await alpha.run("tc qdisc add dev eth0 root netem delay 80ms loss 2%");
    await scene.up();
    succeeded(await scene.stack.preview("--expect-no-changes"));
    await scene.destroy();
    const counted = await alpha.run("tc -s qdisc show dev eth0");
    console.log(`      ${counted.trim().replace(/\s+/g, " ")}`);
    await alpha.run("tc qdisc del dev eth0 root");
    deepEqual(await sameAs(before, alpha), []);
  });
});
