/** Case 1: a container publishes a port on docker0's own address, which the change takes away. */
import assert from "node:assert/strict";
import { startBox } from "../../lab/probe.js";
import { refusedAtPreview, sceneOf, upLeaves } from "../support/cases.js";
import { running, type Scene } from "../support/scene.js";

const publish = (on: string) => ["--restart", "always", "--stop-timeout", "1", "-p", `${on}:5432:80`];

describe("case 1: a port published on docker0's address", () => {
  let scene: Scene;
  const alpha = () => scene.lab.host("alpha");

  before(async () => {
    scene = await sceneOf("1");
    await scene.startBoxes();
    await startBox(alpha(), "db", publish("172.17.0.1"));
  });
  after(() => scene?.strike());

  it("is refused at preview: the container, the address and the port", async () => {
    await refusedAtPreview(scene, ["alpha", /\bdb\b/, "172.17.0.1:5432"]);
  });

  it("is refused by up too, and the container runs on", async () => {
    await upLeaves(scene, "alpha");
  });

  it("passes once the container publishes elsewhere", async () => {
    await alpha().run("docker rm -f db");
    await startBox(alpha(), "db", publish("127.0.0.1"));
    await scene.up();
    await running(alpha());
    assert.match(await alpha().run("docker port db"), /127\.0\.0\.1:5432/);
    await scene.whole();
  });
});
