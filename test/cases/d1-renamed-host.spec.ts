/** One machine is one machine: a host that gets another name in the config keeps its address and its place. */
import assert from "node:assert/strict";
import { differences, type Snapshot, snapshot } from "../../lab/snapshot.js";
import { dockerStarts, sceneOf } from "../support/cases.js";
import { changed, type Scene, threeHosts } from "../support/scene.js";
import { emptyTable } from "../support/site.js";
import { meshConfig } from "../support/stack.js";

describe("D1: a host gets another name in the config, at the same address", () => {
  let scene: Scene;
  let fresh: readonly Snapshot[];
  const look = () => Promise.all(scene.lab.hosts.map((host) => snapshot(host, { ignore: emptyTable })));
  const starts = () => Promise.all(scene.lab.hosts.map(dockerStarts));
  const bridges = () => Promise.all(scene.lab.hosts.map((host) => host.run("ip -4 -o addr show docker0")));
  const subnets = async () => (await scene.stack.outputs())["plan"] as Record<string, { subnet: string }>;

  before(async () => {
    scene = await sceneOf("d1", threeHosts);
    await scene.startBoxes();
    fresh = await look();
    await scene.up();
  });
  after(() => scene?.strike());

  /** The config with the hosts in the lab's order under these names. */
  const names = (...all: readonly string[]) =>
    scene.stack.configure({
      ...meshConfig(scene.lab),
      hosts: scene.lab.hosts.map(({ address }, at) => ({ name: all[at], address })),
    });

  for (const [what, renamed, old, now] of [
    ["the first of all, to the last in the alphabet", ["zeta", "beta", "gamma"], "alpha", "zeta"],
    ["a peer, to the first in the alphabet", ["zeta", "able", "gamma"], "beta", "able"],
  ] as const) {
    it(`${what}: one up, no restart of Docker, the same range, and the mesh is whole`, async () => {
      const was = {
        starts: await starts(),
        bridges: await bridges(),
        subnet: (await subnets())[old]?.subnet,
      };
      names(...renamed);
      const ran = await scene.up();
      assert.deepEqual(await bridges(), was.bridges, ran.text);
      assert.equal((await subnets())[now]?.subnet, was.subnet);
      assert.equal((await subnets())[old], undefined);
      await scene.whole();
      assert.deepEqual(await starts(), was.starts);
      assert.deepEqual(changed(await scene.preview()), []);
    });
  }

  it("is still whole after the hosts mend themselves and after a reboot", async () => {
    await scene.lab.reboot("alpha");
    await scene.whole();
  });

  it("destroy leaves every host as it was before the first up", async () => {
    await scene.destroy();
    const now = await look();
    assert.deepEqual(
      now.flatMap((one, at) => differences(fresh[at] ?? one, one)),
      [],
    );
  });
});
