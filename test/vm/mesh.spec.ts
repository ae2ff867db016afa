/** Hosts with a kernel of their own, Debian's, in virtual machines: the lab's other hosts share this machine's. */
import { deepEqual, match, notEqual } from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import type { Lab } from "../../lab/lab.js";
import { run } from "../../lab/run.js";
import type { Snapshot } from "../../lab/snapshot.js";
import { sameAs, snapshotOf } from "../faults/oracle.js";
import { running, Scene, succeeded } from "../support/scene.js";
import { patientConfig } from "../support/vm.js";

describe("a mesh of hosts with kernels of their own", function () {
  this.timeout(1_800_000);
  let scene: Scene;
  let lab: Lab;
  let alpha: Host;
  const pristine = new Map<Host, Snapshot>();

  before(async () => {
    process.env["DOCKROUTE_UNDO_SECONDS"] ??= "600";
    const hosts = [
      { name: "alpha", image: "docker20+vm" },
      { name: "beta", image: "docker28+vm" },
    ];
    scene = await Scene.set(process.env["LAB_PREFIX"] ?? "vmmesh", hosts, patientConfig);
    lab = scene.lab;
    alpha = lab.host("alpha");
    await scene.startBoxes();
    for (const host of lab.hosts) pristine.set(host, await snapshotOf(host));
  });
  after(async () => {
    delete process.env["DOCKROUTE_UNDO_SECONDS"];
    await scene?.strike();
  });

  it("runs on a kernel that is not this machine's", async () => {
    const outer = await run(["uname", "-r"]);
    for (const host of lab.hosts) {
      const own = await host.run("uname -r");
      match(own, /-cloud-amd64$/m);
      notEqual(own, outer);
      await host.run("ip link add lab-wg type wireguard && ip link del lab-wg");
    }
  });

  it("reaches every container from every other under its own address, and has nothing due then", async () => {
    await scene.up();
    await scene.whole();
    succeeded(await scene.stack.preview("--expect-no-changes"));
  });

  it("is whole again after a reboot of one", async () => {
    await lab.reboot("beta");
    await running(lab.host("beta"));
    await scene.whole();
    succeeded(await scene.stack.preview("--expect-no-changes", "--refresh"));
  });

  it("keeps the synced writes through a power cut, loses the others, and is whole again", async () => {
    await alpha.run("echo synced >/root/kept && sync -f /root/kept && echo not synced >/root/lost");
    await lab.powerCut("alpha");
    await lab.boot("alpha");
    const left = await alpha.run("cd /root; cat kept; ! [ -s lost ] || cat lost; rm -f kept lost");
    deepEqual(left, "synced\n");
    await running(alpha);
    await scene.whole();
  });

  const isPristine = async () => {
    for (const [host, before] of pristine) deepEqual(await sameAs(before, host), []);
  };

  it("is as it was after destroy", async () => {
    await scene.destroy();
    await isPristine();
  });

  it("comes up and goes away through 80 ms and 2 % of loss", async () => {
    // Each host's packets wait: a round trip from here takes 80 ms longer, and one between hosts twice that.
    const cards = (words: string) => Promise.all(lab.hosts.map((host) => host.run(`tc qdisc ${words}`)));
    await cards("add dev eth0 root netem delay 80ms loss 2%");
    await scene.up();
    succeeded(await scene.stack.preview("--expect-no-changes"));
    await scene.destroy();
    await cards("del dev eth0 root");
    await isPristine();
  });
});
