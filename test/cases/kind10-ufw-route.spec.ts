/** Kind 10, a case of our own: ufw with FORWARD at ACCEPT, and a route rule of its own for a monitor on the LAN. */
import assert from "node:assert/strict";
import type { Stranger } from "../../lab/host.js";
import { boxAddress } from "../../lab/probe.js";
import { pair, says, sceneOf } from "../support/cases.js";
import { atStranger, open } from "../support/doors.js";
import { betweenBoxes, places } from "../support/mesh.js";
import { changed, type Scene } from "../support/scene.js";

describe("kind 10: ufw lets a monitor on the LAN in by a route rule", () => {
  let scene: Scene;
  let monitor: Stranger;
  let other: Stranger;
  const alpha = () => scene.lab.host("alpha");

  before(async () => {
    scene = await sceneOf("k10u", pair({ options: ["ufw"] }, { image: "docker26" }));
    monitor = await scene.lab.stranger("monitor");
    other = await scene.lab.stranger("other");
    await alpha().run(`set -e
      ufw default allow routed
      ufw route allow proto tcp from ${monitor.address} to 172.16.0.0/12 port 81
      ufw reload`);
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  /** ufw's own before.rules let everybody ping through the host. */
  async function reached(from: Stranger): Promise<readonly string[]> {
    const box = await boxAddress(alpha());
    await from.run(["ip", "route", "replace", `${box}/32`, "via", alpha().address]);
    return open(atStranger(from), box, ["icmp", "tcp/81"]);
  }

  it("ufw's clients stay in: after up, a reload of ufw and a repair; preview tells that FORWARD is open", async () => {
    const before = [await reached(monitor), await reached(other)];
    // `default allow routed` accepts each new TCP flow by a rule, in ufw-track-forward.
    assert.deepEqual(before, [
      ["icmp", "tcp/81"],
      ["icmp", "tcp/81"],
    ]);
    says(await scene.preview(), ["alpha", "the policy of FORWARD is ACCEPT"]);
    await scene.up();
    assert.deepEqual([await reached(monitor), await reached(other)], before, "after up");
    await alpha().run("ufw reload && systemctl start dockroute-repair.service");
    assert.deepEqual([await reached(monitor), await reached(other)], before, "after a reload");
    assert.deepEqual(await betweenBoxes(await places(scene.lab.hosts)), []);
    assert.deepEqual(changed(await scene.preview()), []);
  });

  it("after destroy the same clients get in as before", async () => {
    await scene.destroy();
    assert((await reached(monitor)).includes("tcp/81"));
    await alpha().run("ufw status | grep 172.16.0.0/12");
  });
});
