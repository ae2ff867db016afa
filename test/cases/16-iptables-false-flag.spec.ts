/** `--iptables=false` on dockerd's command line has the effect of daemon.json's key: Docker has no rules on purpose. */
import assert from "node:assert/strict";
import { dockerdFlags, dockerStarts, dockroute, sceneOf } from "../support/cases.js";
import { boxesAreJoined } from "../support/other-addresses.js";
import { changed, type Scene, succeeded } from "../support/scene.js";

describe("16: dockerd runs with the flag --iptables=false", () => {
  let scene: Scene;

  before(async () => {
    scene = await sceneOf("16");
    await dockerdFlags(scene.lab.host("alpha"), ["--iptables=false"]);
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  it("neither preview nor up says that Docker's rules are gone", async () => {
    silent(await scene.preview());
    const starts = await dockerStarts(scene.lab.host("alpha"));
    silent(await scene.up());
    assert.equal(await dockerStarts(scene.lab.host("alpha")), starts + 1);
    await boxesAreJoined(scene);
  });

  it("nothing is due afterwards, and nothing is said then either", async () => {
    const preview = await scene.preview();
    assert.deepEqual(changed(preview), []);
    silent(preview);
    const status = await dockroute(scene, "status");
    assert.equal(status.code, 0, status.text);
    silent(status);
  });

  it("destroy says nothing of it, and Docker still has the flag", async () => {
    silent(succeeded(await scene.stack.destroy("--continue-on-error")));
    assert.match(await scene.lab.host("alpha").run("ps -o args= -C dockerd"), /--iptables=false/);
  });
});

function silent({ text }: { readonly text: string }): void {
  const flat = text.replace(/\s+/g, " ");
  assert.doesNotMatch(flat, /rules[^.;]{0,80} (are|is) (gone|missing|absent)|systemctl restart docker/, text);
}
