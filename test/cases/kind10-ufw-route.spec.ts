/** Kind 10, a case of our own: ufw with FORWARD at ACCEPT, and a route rule of its own for a monitor on the LAN. */
import assert from "node:assert/strict";
import type { Stranger } from "../../lab/host.js";
import { boxAddress } from "../../lab/probe.js";
import { pair, says, sceneOf } from "../support/cases.js";
import { atStranger, open } from "../support/doors.js";
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

  it("preview tells what closes, and what ufw lets in stays in: after up, a reload of ufw and a repair", async () => {
    assert((await reached(monitor)).includes("tcp/81"));
    const open = await reached(other);
    const told = await scene.preview();
    if (open.length > 0) says(told, ["alpha", "the policy of FORWARD is ACCEPT"]);
    await scene.up();
    assert.deepEqual(await reached(monitor), ["icmp", "tcp/81"], "after up");
    assert.deepEqual(await reached(other), ["icmp"], "after up, who was not named");
    await alpha().run("ufw reload && systemctl start dockroute-repair.service");
    assert.deepEqual(await reached(monitor), ["icmp", "tcp/81"], "after a reload");
    assert.deepEqual(await reached(other), ["icmp"], "after a reload, who was not named");
    await scene.whole();
    assert.deepEqual(changed(await scene.preview()), []);
  });

  it("after destroy everybody gets in who did before", async () => {
    await scene.destroy();
    assert((await reached(monitor)).includes("tcp/81"));
    await alpha().run("ufw status | grep 172.16.0.0/12");
  });
});
