/** FORWARD is ACCEPT, and DOCKER-USER lets one machine of the LAN in by a chain of the administrator's own. */
import assert from "node:assert/strict";
import type { Stranger } from "../../lab/host.js";
import { boxAddress } from "../../lab/probe.js";
import { pair, sceneOf } from "../support/cases.js";
import { atStranger, open } from "../support/doors.js";
import type { Scene } from "../support/scene.js";

describe("kind 10: a chain of the administrator's behind DOCKER-USER lets a monitor on the LAN in", () => {
  let scene: Scene;
  let monitor: Stranger;
  const alpha = () => scene.lab.host("alpha");

  before(async () => {
    scene = await sceneOf("k10", pair({ image: "docker26" }, { image: "docker26" }));
    await scene.startBoxes();
    monitor = await scene.lab.stranger("monitor");
    await alpha().run(`set -e
      iptables -P FORWARD ACCEPT
      iptables -N OFFICE
      iptables -A OFFICE -i eth0 -s ${monitor.address} -p tcp --dport 81 -j ACCEPT
      iptables -A OFFICE -i eth0 -j DROP
      iptables -I DOCKER-USER -m conntrack --ctstate NEW -d 172.16.0.0/12 -i eth0 -s ${monitor.address} -j OFFICE`);
  });
  after(() => scene?.strike());

  /** The doors that the monitor reaches at the container's own address, wherever that is by now. */
  async function reached(): Promise<readonly string[]> {
    const box = await boxAddress(alpha());
    await monitor.run(["ip", "route", "replace", `${box}/32`, "via", alpha().address]);
    return open(atStranger(monitor), box, ["icmp", "tcp/81"]);
  }

  it("it reaches that port and no other before up, after it, after the hosts' repair, and after destroy", async () => {
    assert.deepEqual(await reached(), ["tcp/81"]);
    await scene.up();
    assert.deepEqual(await reached(), ["tcp/81"], "after up");
    await alpha().run("systemctl start dockroute-repair.service");
    assert.deepEqual(await reached(), ["tcp/81"], "after a repair");
    await scene.whole();
    await scene.destroy();
    assert.deepEqual(await reached(), ["tcp/81"], "after destroy");
  });
});
