/** A card that is down has an address of the network, and another card holds the host's own address. */
import assert from "node:assert/strict";
import { dockerStarts, pair, sceneOf } from "../support/cases.js";
import { boxesAreJoined, numberOf, waysBetween, writeAddresses } from "../support/other-addresses.js";
import type { Scene } from "../support/scene.js";

describe("15b: eth1 is down with an address of 10.60.5.0/24, eth2 is up with the address of the config", () => {
  let scene: Scene;

  before(async () => {
    const cards = { options: ["two cards"] } as const;
    scene = await sceneOf("15b", pair(cards, cards));
    for (const host of scene.lab.hosts) {
      const own = `10.60.5.${numberOf(host)}/24`;
      await host.run(`ip link set eth1 down; ip addr add 10.60.5.1${numberOf(host)}/24 dev eth1`);
      await host.run("ip link add eth2 link eth0 type macvlan mode bridge");
      await host.run(`ip addr add ${own} dev eth2; ip link set eth2 up`);
    }
    writeAddresses(scene, (host) => `10.60.5.${numberOf(host)}`);
    await scene.lab.host("alpha").run(`ping -c 1 -W 2 10.60.5.${numberOf(scene.lab.host("beta"))}`);
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  it("routes and openings are on eth2, and the containers reach each other", async () => {
    const starts = await Promise.all(scene.lab.hosts.map(dockerStarts));
    await scene.preview();
    await scene.up();
    assert.deepEqual(await waysBetween(scene.lab.hosts), ["alpha to beta by eth2", "beta to alpha by eth2"]);
    await boxesAreJoined(scene);
    assert.deepEqual(
      await Promise.all(scene.lab.hosts.map(dockerStarts)),
      starts.map((count) => count + 1),
    );
  });
});
