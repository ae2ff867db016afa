/** The other way out of N1: docker0 stays where it is, and all else that is dockroute's goes. */
import assert from "node:assert/strict";
import { says, sceneOf, standing } from "../support/cases.js";
import type { Scene } from "../support/scene.js";

describe("kind 9: destroy with DOCKROUTE_KEEP_DOCKER0", () => {
  let scene: Scene;
  const alpha = () => scene.lab.host("alpha");

  before(async () => {
    // The scene's programs get the environment of this moment; an up does not read the setting.
    process.env["DOCKROUTE_KEEP_DOCKER0"] = "alpha";
    scene = await sceneOf("k9b");
    await scene.startBoxes();
    await scene.up();
    await alpha().run("docker network create app");
  });
  after(async () => {
    delete process.env["DOCKROUTE_KEEP_DOCKER0"];
    await scene?.strike();
  });

  it("leaves docker0 and its bip without a restart, says so, and removes all else", async () => {
    const was = await standing(alpha());
    const ran = await scene.destroy();
    const now = await standing(alpha());
    assert.deepEqual({ ...now, daemonJson: "" }, { ...was, daemonJson: "" }, ran.text);
    const address = was.docker0[0] ?? "";
    says(ran, [`docker0 keeps ${address}`]);
    assert.deepEqual(JSON.parse(await alpha().run("cat /etc/docker/daemon.json")), { bip: address });
    const traces =
      "ls -d /etc/dockroute; ls /etc/systemd/system | grep dockroute; ip route show proto 219; iptables-save | grep -i dockroute; nft list ruleset | grep -i dockroute";
    assert.equal((await alpha().exec(traces)).stdout.trim(), "");
    assert.match(await scene.lab.host("beta").run("ip -4 -o addr show docker0"), /172\.17\.0\.1\/16/);
  });
});
