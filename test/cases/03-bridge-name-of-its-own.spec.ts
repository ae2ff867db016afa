/** Case 3: a network of Docker whose bridge has a name of its own, web0, in the host's part. */
import assert from "node:assert/strict";
import { startBox } from "../../lab/probe.js";
import { dockroute, hostPrefix20, sceneOf } from "../support/cases.js";
import { betweenBoxes, places } from "../support/mesh.js";
import { changed, type Scene } from "../support/scene.js";

describe("case 3: a network with a bridge name of its own", () => {
  let scene: Scene;
  const quick = ["--restart", "always", "--stop-timeout", "1"];

  before(async () => {
    scene = await sceneOf("3", undefined, hostPrefix20);
    await scene.startBoxes();
    await scene.up();
    const alpha = scene.lab.host("alpha");
    await alpha.run("docker network create -o com.docker.network.bridge.name=web0 web");
    await startBox(alpha, "web", [...quick, "--network", "web"]);
    assert.match(await alpha.run("ip -4 addr show web0"), /172\.30\./);
  });
  after(() => scene?.strike());

  it("leaves a preview with nothing to do and nothing to say", async () => {
    const ran = await scene.preview();
    assert.deepEqual(changed(ran), []);
    assert.doesNotMatch(ran.text, /web0/);
    const status = await dockroute(scene, "status");
    assert.equal(status.code, 0, status.text);
  });

  it("is reached from the peer, and reaches it, under its own addresses", async () => {
    const [alpha, beta] = [scene.lab.host("alpha"), scene.lab.host("beta")];
    const web = await places([alpha], "web");
    const box = await places([beta]);
    assert.deepEqual(await betweenBoxes(web, box, "web"), []);
    assert.deepEqual(await betweenBoxes(box, web), []);
  });

  const drifts: Readonly<Record<string, string>> = {
    "a route": "ip route del 172.30.16.0/20",
    "the nft rules": "nft delete table ip dockroute",
    "the jump in DOCKER-USER": "iptables -F DOCKER-USER",
  };
  for (const [what, hand] of Object.entries(drifts)) {
    it(`lets up repair ${what}`, async () => {
      await scene.lab.host("alpha").run(`systemctl stop dockroute-repair.timer; ${hand}`);
      await scene.up();
      await scene.whole();
    });
  }
});
