/** Docker prints an IPv6 pool in another form than daemon.json has it: the two are one value. */
import assert from "node:assert/strict";
import { differences, type Snapshot, snapshot } from "../../lab/snapshot.js";
import { dockerStarts, hostPrefix20, pair, sceneOf } from "../support/cases.js";
import { changed, type Scene } from "../support/scene.js";
import { emptyTable } from "../support/site.js";
import { meshConfig } from "../support/stack.js";

const own =
  '{\n  "default-address-pools": [\n    { "base": "10.201.0.0/16", "size": 24 },\n    { "base": "fd00:0001::0/104", "size": 112 }\n  ]\n}\n';

describe("18: default-address-pools with fd00:0001::0/104 beside IPv4", () => {
  let scene: Scene;
  let was: Snapshot;
  const alpha = () => scene.lab.host("alpha");
  const look = () => snapshot(alpha(), { ignore: emptyTable });
  const pools = () => alpha().run("docker info -f '{{json .DefaultAddressPools}}'");

  before(async () => {
    scene = await sceneOf("18", pair({ image: "docker28", daemonJson: own }, { image: "docker26" }));
    await scene.startBoxes();
    was = await look();
  });
  after(() => scene?.strike());

  for (const [what, more] of [
    ["pools of the user's own", {}],
    ["pools of the host's part", hostPrefix20],
  ] as const) {
    it(`${what}: up, with one restart of Docker, and the IPv6 pool stays`, async () => {
      scene.stack.configure({ ...meshConfig(scene.lab), ...more });
      const starts = await dockerStarts(alpha());
      await scene.up();
      assert.equal(await dockerStarts(alpha()), starts + 1);
      assert.match(await pools(), /fd00:(0*1)::\S*?\/104/);
      assert.match(await alpha().run("cat /etc/docker/daemon.json"), /fd00:0*1::0?\/104/);
      assert.deepEqual(changed(await scene.preview()), []);
      await scene.whole();
    });

    it(`${what}: destroy, with one restart of Docker, and all is as before`, async () => {
      const starts = await dockerStarts(alpha());
      await scene.destroy();
      assert.equal(await dockerStarts(alpha()), starts + 1);
      assert.deepEqual(differences(was, await look()), []);
    });
  }
});
