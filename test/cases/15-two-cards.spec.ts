/** Two cards in overlapping networks: the routes take the card that holds the host's own address. */
import assert from "node:assert/strict";
import { dockerStarts, pair, sceneOf } from "../support/cases.js";
import { boxesAreJoined, numberOf, waysBetween, writeAddresses } from "../support/other-addresses.js";
import type { Scene } from "../support/scene.js";

describe("15: eth0 in 10.60.0.0/16, eth1 in 10.60.5.0/24 with the address of the config", () => {
  let scene: Scene;

  before(async () => {
    const cards = { options: ["two cards"] } as const;
    scene = await sceneOf("15", pair(cards, cards));
    for (const host of scene.lab.hosts) {
      await host.run(`ip addr add 10.60.0.${numberOf(host)}/16 dev eth0`);
      await host.run(`ip addr add 10.60.5.${numberOf(host)}/24 dev eth1`);
    }
    writeAddresses(scene, (host) => `10.60.5.${numberOf(host)}`);
    await scene.lab.host("alpha").run(`ping -c 1 -W 2 10.60.5.${numberOf(scene.lab.host("beta"))}`);
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  it("routes and openings are on eth1, and the containers reach each other", async () => {
    const starts = await Promise.all(scene.lab.hosts.map(dockerStarts));
    await scene.preview();
    await scene.up();
    assert.deepEqual(await waysBetween(scene.lab.hosts), ["alpha to beta by eth1", "beta to alpha by eth1"]);
    await boxesAreJoined(scene);
    assert.deepEqual(
      await Promise.all(scene.lab.hosts.map(dockerStarts)),
      starts.map((count) => count + 1),
    );
  });

  it("nothing is due afterwards", async () => {
    const preview = await scene.stack.preview("--expect-no-changes");
    assert.equal(preview.code, 0, preview.text);
  });
});
