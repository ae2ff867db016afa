/** Case 8: dockerd gets its bridge's address by a flag, in a drop-in of docker.service. */
import { destroyLeaves, dockerdFlags, refusedAtPreview, sceneOf, upLeaves } from "../support/cases.js";
import type { Scene } from "../support/scene.js";

describe("case 8: --bip on dockerd's command line", () => {
  let scene: Scene;
  let file: string;

  before(async () => {
    scene = await sceneOf("8");
    file = await dockerdFlags(scene.lab.host("alpha"), ["--bip=172.20.0.1/24"], "bridge.conf");
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  it("is refused at preview: the flag and the drop-in", async () => {
    await refusedAtPreview(scene, ["alpha", "--bip", file]);
  });

  it("is refused by up too, and nothing is touched", async () => {
    await upLeaves(scene, "alpha");
  });

  it("stops Docker in no destroy either", async () => {
    await destroyLeaves(scene, "alpha");
  });
});
