/** Kind 8, a case of our own: the disk that holds daemon.json fills up while Docker restarts, so the undo finds no room. */
import assert from "node:assert/strict";
import { commandIn } from "../support/advice.js";
import { dropIn, restartDocker, says, sceneOf, standing } from "../support/cases.js";
import { running, type Scene } from "../support/scene.js";

describe("kind 8: a disk that is full in the middle of the restart", () => {
  let scene: Scene;
  const alpha = () => scene.lab.host("alpha");

  before(async () => {
    scene = await sceneOf("k8d");
    await alpha().run(`set -e
      mkdir -p /srv/docker /etc/docker; cp -a /etc/docker/. /srv/docker
      mount -t tmpfs -o size=64k none /etc/docker; cp -a /srv/docker/. /etc/docker/`);
    await scene.startBoxes();
    await dropIn(alpha(), [
      'ExecStartPre=/bin/sh -c "grep -q 172.30. /etc/docker/daemon.json || exit 0; head -c 100k /dev/zero >/etc/docker/log; echo no space left for my log; exit 1"',
    ]);
    await running(alpha());
  });
  after(() => scene?.strike());

  it("what is told of the undo is true, and what it names makes the host as it was", async () => {
    const was = await standing(alpha());
    const failed = await scene.stack.up("--continue-on-error");
    assert.notEqual(failed.code, 0, failed.text);
    says(failed, ["alpha", "no space left for my log", /Undone: (yes|no)/]);
    const asItWas = async () => {
      const now = await standing(alpha());
      assert.deepEqual([now.docker0, now.daemonJson], [was.docker0, was.daemonJson], failed.text);
      await running(alpha());
    };
    if (/Undone: yes/.test(failed.text)) return asItWas();
    await alpha().run("rm /etc/docker/log");
    const again = await scene.stack.preview();
    says(again, ["alpha"]);
    await alpha().run(commandIn("`sh /etc/dockroute/pending/undo`", "sh"));
    await asItWas();
  });

  it("the next up, with room, makes it", async () => {
    await alpha().run("rm -f /etc/docker/log /etc/systemd/system/docker.service.d/own.conf");
    await restartDocker(alpha());
    await running(alpha());
    await scene.up();
    await scene.whole();
  });
});
