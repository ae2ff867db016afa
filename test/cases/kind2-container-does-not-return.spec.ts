/** Kind 2, a case of our own: a container that cannot start again, which is seen only when Docker restarts. */
import assert from "node:assert/strict";
import { startBox } from "../../lab/probe.js";
import { says, sceneOf, standing } from "../support/cases.js";
import type { Scene } from "../support/scene.js";

describe("kind 2: a container whose mounted folder was removed while it ran", () => {
  let scene: Scene;

  before(async () => {
    scene = await sceneOf("k2b");
    await scene.startBoxes();
    const alpha = scene.lab.host("alpha");
    await alpha.run("mkdir /srv/files");
    const mount = ["--mount", "type=bind,source=/srv/files,target=/files"];
    await startBox(alpha, "files", ["--restart", "always", "--stop-timeout", "1", ...mount]);
    await alpha.run("rmdir /srv/files");
  });
  after(() => scene?.strike());

  it("is named with Docker's own reason; docker0 and daemon.json are as before", async () => {
    const alpha = scene.lab.host("alpha");
    const was = await standing(alpha);
    const ran = await scene.stack.up("--continue-on-error");
    assert.notEqual(ran.code, 0, ran.text);
    // Docker's words by its version: the API's own check, or the runtime's.
    const reason =
      /bind source path does not exist: \/srv\/files|stat \/srv\/files: no such file or directory/;
    says(ran, ["alpha", /\bfiles\b/, reason]);
    // The container is down after the undo too, so the host is not as before.
    assert.doesNotMatch(ran.text, /Undone: yes/);
    const { docker0, daemonJson } = await standing(alpha);
    assert.deepEqual({ docker0, daemonJson }, { docker0: was.docker0, daemonJson: was.daemonJson });
  });
});
