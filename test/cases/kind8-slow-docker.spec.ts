/** Docker that takes longer to start than a change waits for its confirmation, and Docker that does not start. */
import assert from "node:assert/strict";
import { startBox } from "../../lab/probe.js";
import { dockerStarts, dropIn, restartDocker, says, sceneOf, standing } from "../support/cases.js";
import { running, type Scene } from "../support/scene.js";

describe("kind 8: a slow start of Docker, and one that fails", () => {
  let scene: Scene;
  const alpha = () => scene.lab.host("alpha");

  before(async () => {
    process.env["DOCKROUTE_UNDO_SECONDS"] = "5";
    scene = await sceneOf("k8");
    await scene.startBoxes();
  });
  after(async () => {
    delete process.env["DOCKROUTE_UNDO_SECONDS"];
    await scene?.strike();
  });

  it("an error has dockerd's own last lines, and says Undone: yes where all is as it was", async () => {
    const file = await dropIn(alpha(), [
      'ExecStartPre=/bin/sh -c "! grep -q 172.30. /etc/docker/daemon.json || { echo the pool is not liked here; exit 1; }"',
    ]);
    await running(alpha());
    const was = await standing(alpha());
    const failed = await scene.stack.up("--continue-on-error");
    assert.notEqual(failed.code, 0, failed.text);
    says(failed, ["alpha", "the pool is not liked here", "Undone: yes"]);
    const now = await standing(alpha());
    assert.deepEqual([now.docker0, now.daemonJson], [was.docker0, was.daemonJson]);
    await running(alpha());
    // A container that Docker does not start again is no longer as it was.
    await startBox(alpha(), "idle", ["--restart", "no"]);
    const again = await scene.stack.up("--continue-on-error");
    says(again, ["alpha", "Undone: not in full", /do not run: .*idle/]);
    assert.doesNotMatch(again.text, /Undone: yes/);
    await alpha().run(["rm", file]);
    await restartDocker(alpha());
    await running(alpha());
  });

  it("a start that takes three times as long as the confirmation's time is not taken back in its middle", async () => {
    await dropIn(alpha(), ["ExecStartPre=/bin/sleep 15"]);
    await running(alpha());
    const starts = await dockerStarts(alpha());
    await scene.up();
    assert.equal(await dockerStarts(alpha()), starts + 1);
    await scene.whole();
    assert.equal(await alpha().run("ls /etc/dockroute/pending 2>/dev/null || :"), "");
  });
});
