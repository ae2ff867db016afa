/** FORWARD is ACCEPT on purpose, and a VPN's clients reach the containers: DOCKER-USER goes on to let them in. */
import assert from "node:assert/strict";
import { boxAddress } from "../../lab/probe.js";
import { pair, sceneOf, unsaid } from "../support/cases.js";
import { open } from "../support/doors.js";
import type { Scene } from "../support/scene.js";

const doors = ["icmp", "tcp/81"];

describe("D3: FORWARD at ACCEPT, a VPN's client let in by DOCKER-USER", () => {
  let scene: Scene;
  const alpha = () => scene.lab.host("alpha");
  const reached = async (client: string) => {
    const exec = (words: readonly string[]) => alpha().exec(["ip", "netns", "exec", client, ...words]);
    return open(exec, await boxAddress(alpha()), doors);
  };

  before(async () => {
    scene = await sceneOf("d3", pair({ image: "docker26" }, { image: "docker26" }));
    await scene.startBoxes();
    await alpha().run("iptables -P FORWARD ACCEPT");
    // Of two VPNs one has a rule; the other one's clients come in by the policy alone.
    for (const [at, vpn] of ["vpn0", "vpn1"].entries()) {
      await alpha().run(`set -e
        ip netns add ${vpn}
        ip link add ${vpn} type veth peer name up0 netns ${vpn}
        ip addr add 10.8.${at}.1/24 dev ${vpn}; ip link set ${vpn} up
        ip -n ${vpn} addr add 10.8.${at}.2/24 dev up0; ip -n ${vpn} link set up0 up
        ip -n ${vpn} route add default via 10.8.${at}.1`);
    }
    await alpha().run("iptables -I DOCKER-USER -i vpn0 -j ACCEPT");
  });
  after(() => scene?.strike());

  it("both are in before the first up", async () => {
    assert.deepEqual([await reached("vpn0"), await reached("vpn1")], [doors, doors]);
  });

  it("the one that has a rule is in after it, and preview names the fate of the other", async () => {
    const preview = await scene.preview();
    await scene.up();
    assert.deepEqual(await reached("vpn0"), doors, "let in by DOCKER-USER");
    const other = await reached("vpn1");
    if (other.length < doors.length)
      assert.deepEqual(unsaid(preview, ["alpha", "FORWARD"]), [], preview.text);
    await scene.whole();
  });

  it("it is in after Docker has restarted, and after destroy", async () => {
    await alpha().run("systemctl restart docker; iptables -P FORWARD ACCEPT");
    assert.deepEqual(await reached("vpn0"), doors);
    await scene.destroy();
    assert.deepEqual(await reached("vpn0"), doors);
    assert.match(await alpha().run("iptables -S FORWARD"), /-P FORWARD ACCEPT/);
  });
});
