/** A policy rule leads the pool into another table before main, as a mesh VPN or a second uplink sets it up. */
import assert from "node:assert/strict";
import { refusedAtPreview, sceneOf, standing, upLeaves } from "../support/cases.js";
import type { Scene } from "../support/scene.js";

describe("kind 5: a table before main that holds the pool", () => {
  let scene: Scene;
  const alpha = () => scene.lab.host("alpha");

  before(async () => {
    scene = await sceneOf("k5");
    await scene.startBoxes();
    await alpha().run(`set -e
      ip link add vpn0 type veth peer name vpn0-peer; ip link set vpn0-peer up; ip link set vpn0 up
      ip addr add 100.64.0.1/32 dev vpn0
      ip rule add pref 5270 lookup 52
      ip route add 172.30.0.0/16 dev vpn0 table 52`);
  });
  after(() => scene?.strike());

  it("preview refuses, because packets would go by the VPN, and names where that is said", async () => {
    const was = await standing(alpha());
    await refusedAtPreview(scene, ["alpha", /\b(52|5270)\b/]);
    assert.deepEqual(await standing(alpha()), was);
  });

  it("up restarts nothing on that host", async () => {
    await upLeaves(scene, "alpha");
  });

  it("a table before main that holds something else is no matter", async () => {
    await alpha().run("ip route flush table 52; ip route add 192.168.77.0/24 dev vpn0 table 52");
    await scene.up();
    await scene.whole();
  });

  it("a rule that comes after up is said by the next preview", async () => {
    await alpha().run("ip route add 172.30.0.0/16 dev vpn0 table 52");
    const ran = await scene.stack.preview();
    assert.match(ran.text.replace(/\s+/g, " "), /alpha.*\b(52|5270|vpn0)\b/, ran.text);
  });
});
