/** Kind 4, a case of our own: a host's own nft table gives containers a second address, with either backend. */
import assert from "node:assert/strict";
import type { Host, Stranger } from "../../lab/host.js";
import { pair, restartDocker, sceneOf, seenAs } from "../support/cases.js";
import { betweenBoxes, places } from "../support/mesh.js";
import { changed, running, type Scene } from "../support/scene.js";

describe("kind 4: SNAT in a host's own nft table, before Docker's", () => {
  let scene: Scene;
  let outside: Stranger;

  before(async () => {
    scene = await sceneOf("k4", pair({ image: "docker26" }, { image: "docker29-nft" }));
    outside = await scene.outside();
    for (const host of scene.lab.hosts) {
      await host.run(`ip addr add ${second(host)}/32 dev eth0`);
      const rule = `ip saddr 172.16.0.0/12 oifname "eth0" snat to ${second(host)}`;
      await host.run([
        "nft",
        `table ip own { chain out { type nat hook postrouting priority 95; ${rule}; }; }`,
      ]);
    }
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  const everybodyLeaves = async () => {
    for (const host of scene.lab.hosts) assert.equal(await seenAs(outside, host), second(host), host.name);
  };

  it("containers leave with it before dockroute", everybodyLeaves);

  it("they leave with it after up, and the plan sees them as themselves", async () => {
    await scene.up();
    await everybodyLeaves();
    assert.deepEqual(await betweenBoxes(await places(scene.lab.hosts)), []);
  });

  it("they leave with it after the next restart of Docker, and there is nothing to do", async () => {
    for (const host of scene.lab.hosts) {
      await restartDocker(host);
      await running(host);
    }
    await everybodyLeaves();
    assert.deepEqual(await betweenBoxes(await places(scene.lab.hosts)), []);
    assert.deepEqual(changed(await scene.preview()), []);
  });

  it("they leave with it after destroy", async () => {
    await scene.destroy();
    await everybodyLeaves();
  });
});

/** Its address on the wire, 100 further on. */
function second({ address }: Host): string {
  const [last = "", ...front] = address.split(".").reverse();
  return [...front.reverse(), Number(last) + 100].join(".");
}
