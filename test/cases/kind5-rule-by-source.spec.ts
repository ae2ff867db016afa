/** Kind 5, a case of our own: policy rules by source, for containers behind a VPN and for a host with two uplinks. */
import assert from "node:assert/strict";
import { commandIn } from "../support/advice.js";
import { refusedAtPreview, says, sceneOf, upLeaves } from "../support/cases.js";
import type { Scene } from "../support/scene.js";

describe("kind 5: policy rules by source", () => {
  let scene: Scene;
  const alpha = () => scene.lab.host("alpha");
  const beta = () => scene.lab.host("beta");

  before(async () => {
    scene = await sceneOf("k5s");
    await scene.startBoxes();
    const { address: gateway } = await scene.lab.stranger("router");
    // All that containers send leaves by the VPN.
    await alpha().run(`set -e
      ip link add vpn0 type veth peer name vpn0-peer; ip link set vpn0-peer up; ip link set vpn0 up
      ip addr add 100.64.0.1/32 dev vpn0
      ip rule add pref 5270 from 172.17.0.0/16 lookup 52
      ip route add default dev vpn0 table 52`);
    // As cloud-init and netplan write it: packets from this address leave by the gateway of its card.
    const lan = beta().address.replace(/\d+$/, "0/24");
    await beta().run(`set -e
      ip rule add pref 100 from ${beta().address} lookup 100
      ip route add ${lan} dev eth0 table 100
      ip route add default via ${gateway} dev eth0 table 100`);
  });
  after(() => scene?.strike());

  it("the one for containers is refused at preview, and nothing is restarted there", async () => {
    await refusedAtPreview(scene, ["alpha", "5270", "from 172.17.0.0/16 lookup 52", "vpn0"]);
    await upLeaves(scene, "alpha");
  });

  it("with the rule that the refusal names, preview tells what else names the old range, and what beta itself would do", async () => {
    const refused = (await scene.stack.preview()).text.replace(/\s+/g, " ");
    await alpha().run(commandIn(refused, "ip rule").replace("NUMBER", "5000"));
    const told = await scene.preview();
    says(told, ["alpha", "the policy rule 5270: from 172.17.0.0/16 lookup 52"]);
    says(told, [
      "what beta itself, not its containers, sends to the peers' containers",
      "the policy rule 100",
    ]);
    const way = await beta().run(["ip", "route", "get", "172.30.0.2", "from", beta().address]);
    assert.match(way, /table 100/);
    await beta().run(commandIn(told.text.replace(/\s+/g, " "), "ip rule").replace("NUMBER", "50"));
  });

  it("the up then joins containers and hosts, and the rules are as they were", async () => {
    const told = await scene.up();
    assert.doesNotMatch(told.text, /what beta itself/);
    await scene.whole();
    assert.match(await alpha().run("ip rule"), /^5270:\tfrom 172\.17\.0\.0\/16 lookup 52/m);
    await scene.destroy();
    assert.match(await beta().run("ip rule"), /^100:\tfrom \S+ lookup 100/m);
  });
});
