/** Case 5: daemon.json sends every container's name resolution to docker0's old address. */
import assert from "node:assert/strict";
import { daemonJson, refusedAtPreview, sceneOf, upLeaves } from "../support/cases.js";
import type { Scene } from "../support/scene.js";

describe('case 5: "dns" of daemon.json names docker0\'s address', () => {
  let scene: Scene;

  before(async () => {
    scene = await sceneOf("5");
    await daemonJson(scene.lab.host("alpha"), { dns: ["172.17.0.1"] });
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  it("is refused at preview: the key, the file and the address", async () => {
    await refusedAtPreview(scene, ["alpha", /\bdns\b/, "daemon.json", /172\.17\.0\.1(?![\d/])/]);
  });

  it("is refused by up too, and nothing is touched", async () => {
    await upLeaves(scene, "alpha");
  });

  it("passes once the key names an address that stays, and containers ask there", async () => {
    const alpha = scene.lab.host("alpha");
    await daemonJson(alpha, { dns: [alpha.address] });
    await scene.up();
    const resolver = await alpha.run("docker run --rm lab/box cat /etc/resolv.conf");
    assert.match(resolver, new RegExp(`nameserver ${alpha.address}`));
    await scene.whole();
  });
});
