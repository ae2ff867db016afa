/** Kind 1, a case of our own: daemon.json was edited after Docker's start, and this Docker would not start with it. */
import { refusedAtPreview, says, sceneOf, upLeaves } from "../support/cases.js";
import type { Scene } from "../support/scene.js";

describe("kind 1: a daemon.json with which dockerd would not start", () => {
  let scene: Scene;
  /** Written without a restart: the Docker that runs has read none of it. */
  const write = (keys: object) =>
    scene.lab.host("alpha").run("mkdir -p /etc/docker; cat > /etc/docker/daemon.json", {
      input: JSON.stringify(keys),
    });

  before(async () => {
    scene = await sceneOf("k1d");
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  it("a key that no Docker knows: up asks dockerd before the first change, and tells its words", async () => {
    await write({ "log-level": "info", "storage-drive": "overlay2" });
    const told = await upLeaves(scene, "alpha");
    says(told, ["alpha", "daemon.json", "storage-drive", "Nothing was changed"]);
  });

  it("a key that stands beside a flag of the unit: the same, with the flag's value", async () => {
    await write({ hosts: ["unix:///run/docker.sock"] });
    const told = await upLeaves(scene, "alpha");
    says(told, ["alpha", "daemon.json", "hosts", "fd://", "Nothing was changed"]);
  });

  it("docker0's old address for dockerd's own socket is refused at preview", async () => {
    await write({ "metrics-addr": "172.17.0.1:9323" });
    await refusedAtPreview(scene, ["alpha", "metrics-addr", "daemon.json", "172.17.0.1:9323"]);
  });

  it("passes without these keys", async () => {
    await write({ "log-level": "info" });
    await scene.up();
    await scene.whole();
  });
});
