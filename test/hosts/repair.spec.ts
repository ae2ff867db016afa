/** A sample of `npm run test:events`: events that systemd announces, and one that nobody does, with no pulumi run. */
import assert from "node:assert/strict";
import type { Stranger } from "../../lab/host.js";
import { Scene } from "../support/scene.js";
import { astray, left, wholeAfter } from "../support/watch.js";

describe("a mesh after an event", () => {
  let scene: Scene;
  let outside: Stranger;

  before(async () => {
    scene = await Scene.set("f2re", [
      { name: "alpha", image: "docker28" },
      { name: "beta", image: "docker29-nft" },
    ]);
    outside = await scene.outside("outside");
    await scene.startBoxes();
    await scene.up();
  });
  after(() => scene?.strike());

  for (const [what, by, limit] of [
    ["systemctl restart docker", "systemctl restart docker", 3],
    [
      "routes and rules that were flushed by hand",
      "ip route flush proto 219; nft delete table ip dockroute",
      60,
    ],
  ] as const) {
    it(`${what}: whole again within ${limit} s`, async () => {
      const [alpha, beta] = [scene.lab.host("alpha"), scene.lab.host("beta")];
      for (const [host, peer] of [
        [alpha, beta],
        [beta, alpha],
      ] as const) {
        await host.run(by);
        await wholeAfter(() => astray(host, peer, outside), limit);
      }
      assert.deepEqual(await left(scene.lab.hosts, outside), []);
    });
  }
});
