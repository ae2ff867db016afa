/**
 * firewalld that is started while Docker runs cuts every container off. Preview and status tell it, with the remedy;
 * one that is only started again does not, and goes unmentioned.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { until } from "../../lab/run.js";
import { Scene } from "../support/scene.js";
import { root } from "../support/stack.js";

const late = (name: string) =>
  new RegExp(`${name}: firewalld was started after Docker, .*systemctl restart docker`);

/** With the packages of all options, whose image is there already. */
const image = (docker: string) => `${docker}+firewalld+ufw+ifupdown`;

describe("firewalld, started after Docker", () => {
  let scene: Scene;

  before(async () => {
    scene = await Scene.set("f1fl", [
      { name: "old", image: image("docker20") },
      { name: "middle", image: image("docker26") },
      { name: "new", image: image("docker28") },
      { name: "latest", image: image("docker29-nft") },
    ]);
    await everywhere("systemctl disable -q --now firewalld; systemctl restart docker");
    await scene.startBoxes();
    await scene.up();
  });
  after(() => scene?.strike());

  const everywhere = (command: string) => Promise.all(scene.lab.hosts.map((host) => host.run(command)));
  const named = async () => {
    const { text } = await scene.preview();
    return scene.lab.hosts.map(({ name }) => name).filter((name) => late(name).test(text));
  };
  const back = () =>
    until("the mesh", 60_000, async () => (await scene.amiss().catch(() => ["no box"])).length === 0);

  it("cuts containers off, and is named by preview and status with what to do", async () => {
    assert.deepEqual(await named(), []);
    await everywhere("systemctl start firewalld");
    assert.notDeepEqual(await scene.amiss(), []);
    assert.deepEqual(await named(), ["old", "middle", "new", "latest"]);
    const { name: stack, configFile } = scene.stack;
    const words = ["status", "--stack", stack, "--config-file", configFile];
    const { stdout } = await scene.stack.command(["node", join(root, "dockroute.js"), ...words]);
    for (const { name } of scene.lab.hosts) assert.match(stdout, late(name));
  });

  it("its advice makes the mesh whole, and then there is none", async () => {
    await everywhere("systemctl restart docker");
    // The policy that firewalld needs is missing yet: it did not run at the up.
    await scene.up();
    await back();
    assert.deepEqual(await named(), []);
  });

  it("is not mentioned when it is started again", async () => {
    await everywhere("systemctl restart firewalld");
    await back();
    // Docker puts its networks into the zone again when it hears of the start.
    await until("Docker's networks in the zone", 30_000, async () => (await named()).length === 0);
  });
});
