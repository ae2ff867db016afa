/** A pool of daemon.json is written as an address of its range, which Docker takes: it is the same range. */
import assert from "node:assert/strict";
import { differences, type Snapshot, snapshot } from "../../lab/snapshot.js";
import { dockerStarts, hostPrefix20, pair, sceneOf } from "../support/cases.js";
import { changed, type Scene } from "../support/scene.js";
import { emptyTable } from "../support/site.js";
import { meshConfig } from "../support/stack.js";

const own =
  '{ "default-address-pools": [ { "base": "10.201.7.9/16", "size": 24 }, { "size": 24, "base": "10.202.0.1/16" } ] }\n';

describe("kind 6: default-address-pools with host bits, in another order of keys", () => {
  let scene: Scene;
  let was: Snapshot;
  const alpha = () => scene.lab.host("alpha");
  const look = () => snapshot(alpha(), { ignore: emptyTable });

  before(async () => {
    scene = await sceneOf("k6", pair({ image: "docker20", daemonJson: own }, { image: "docker26" }));
    await scene.startBoxes();
    was = await look();
  });
  after(() => scene?.strike());

  for (const [what, more] of [
    ["beside the user's own pools", {}],
    ["with pools of the host's part", hostPrefix20],
  ] as const) {
    it(`${what}: up, preview and destroy, with one restart each, and all is as before`, async () => {
      scene.stack.configure({ ...meshConfig(scene.lab), ...more });
      const starts = await dockerStarts(alpha());
      await scene.up();
      assert.deepEqual(changed(await scene.preview()), []);
      assert.equal(await dockerStarts(alpha()), starts + 1);
      await scene.whole();
      await scene.destroy();
      assert.equal(await dockerStarts(alpha()), starts + 2);
      assert.deepEqual(differences(was, await look()), []);
    });
  }
});
