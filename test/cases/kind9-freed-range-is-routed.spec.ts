/** After `up` a VPN routes the range that docker0 has left: to give it back to docker0 would cut that way. */
import assert from "node:assert/strict";
import { differences, type Snapshot, snapshot } from "../../lab/snapshot.js";
import { dockerStarts, says, sceneOf, standing } from "../support/cases.js";
import type { Scene } from "../support/scene.js";
import { emptyTable } from "../support/site.js";
import { meshConfig } from "../support/stack.js";

describe("kind 9: the range that docker0 left is routed elsewhere when a host leaves", () => {
  let scene: Scene;
  let fresh: Snapshot;
  const alpha = () => scene.lab.host("alpha");
  const look = () => snapshot(alpha(), { ignore: emptyTable });

  before(async () => {
    scene = await sceneOf("k9");
    await scene.startBoxes();
    fresh = await look();
    await scene.up();
    await alpha().run(`ip route add 172.17.0.0/16 via ${scene.lab.host("beta").address}`);
    scene.stack.configure(meshConfig(scene.lab, ["beta"]));
  });
  after(() => scene?.strike());

  it("it is refused for that host without an outage, and names the range and the route", async () => {
    const was = await standing(alpha());
    const ran = await scene.stack.up("--continue-on-error");
    assert.deepEqual(await standing(alpha()), was, ran.text);
    assert.notEqual(ran.code, 0, ran.text);
    says(ran, ["alpha", "172.17.0.0/16", scene.lab.host("beta").address]);
    assert.match(await alpha().run("ip route get 172.17.9.9"), / dev eth0/);
  });

  it("when the route is gone the next up finishes, with one restart, and all is as before", async () => {
    await alpha().run("ip route del 172.17.0.0/16 dev eth0 || :");
    const starts = await dockerStarts(alpha());
    await scene.up();
    assert.equal(await dockerStarts(alpha()), starts + 1);
    assert.deepEqual(differences(fresh, await look()), []);
  });
});
