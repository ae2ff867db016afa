/** `ip addr add A peer B/32`: B is on link, although no network of the host holds it. */
import assert from "node:assert/strict";
import { sceneOf } from "../support/cases.js";
import { boxesAreJoined, waysBetween, writeAddresses } from "../support/other-addresses.js";
import type { Scene } from "../support/scene.js";

describe("31: two hosts joined point to point", () => {
  let scene: Scene;
  const own: Readonly<Record<string, string>> = { alpha: "10.61.0.1", beta: "10.61.7.1" };

  before(async () => {
    scene = await sceneOf("31");
    const add = (name: string, peer: string) =>
      scene.lab.host(name).run(`ip addr add ${own[name]} peer ${own[peer]}/32 dev eth0`);
    await add("alpha", "beta");
    await add("beta", "alpha");
    await scene.lab.host("alpha").run(`ping -c 1 -W 2 ${own["beta"]}`);
    writeAddresses(scene, ({ name }) => own[name] ?? "");
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  it("preview refuses nothing, and up joins their containers over that link", async () => {
    await scene.preview();
    await scene.up();
    assert.deepEqual(await waysBetween(scene.lab.hosts), ["alpha to beta by eth0", "beta to alpha by eth0"]);
    await boxesAreJoined(scene);
  });

  it("destroy leaves the addresses and the routes of the link", async () => {
    await scene.destroy();
    assert.equal(await scene.lab.host("alpha").run("ip route show proto 219"), "");
    await scene.lab.host("alpha").run(`ping -c 1 -W 2 ${own["beta"]}`);
  });
});
