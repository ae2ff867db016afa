/** Case 2: a swarm's docker_gwbridge gets its range from the pool that dockroute gave. */
import assert from "node:assert/strict";
import { until } from "../../lab/run.js";
import { dockroute, hostPrefix20, sceneOf } from "../support/cases.js";
import { changed, dockers, type Scene } from "../support/scene.js";

describe("case 2: docker swarm init after up", () => {
  let scene: Scene;

  before(async () => {
    scene = await sceneOf("2", undefined, hostPrefix20);
    await scene.startBoxes();
    await scene.up();
    const alpha = scene.lab.host("alpha");
    await alpha.run(["docker", "swarm", "init", "--advertise-addr", alpha.address]);
    // Docker makes it a moment later, with the swarm's ingress network.
    await until("docker_gwbridge in alpha's part", 30_000, async () =>
      (await alpha.exec("ip -4 addr show docker_gwbridge")).stdout.includes(" 172.30."),
    );
  });
  after(() => scene?.strike());

  it("leaves a preview with nothing to do and nothing to say", async () => {
    const ran = await scene.preview();
    assert.deepEqual(changed(ran), []);
    assert.doesNotMatch(ran.text, /docker_gwbridge/);
  });

  it("leaves up and status as they were, and Docker running", async () => {
    const was = await dockers(scene.lab.hosts);
    assert.deepEqual(changed(await scene.up()), []);
    assert.deepEqual(await dockers(scene.lab.hosts), was);
    const status = await dockroute(scene, "status");
    assert.equal(status.code, 0, status.text);
  });

  it("leaves the mesh whole", () => scene.whole());

  it("lets a drift be repaired", async () => {
    const alpha = scene.lab.host("alpha");
    await alpha.run("systemctl stop dockroute-repair.timer; ip route del 172.30.16.0/20");
    await scene.up();
    await scene.whole();
  });
});
