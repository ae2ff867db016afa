/** The resource that docs/architecture.md adds, on a host: the files of that page are enough. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { ownProject } from "../support/own-project.js";
import { changed, succeeded } from "../support/scene.js";
import { Site } from "../support/site.js";
import { meshConfig, root, type Stack } from "../support/stack.js";

const setting = "net.ipv4.conf.all.arp_filter";

/** The line of handlers.ts, for a provider that has this one resource. */
const handlers = `
require("tsx/cjs");
const { commonQuestionsOf } = require("${root}/provider/engine/fact.ts");
const { KindLifecycle } = require("${root}/provider/shells/lifecycle/lifecycle.ts");
const { Session } = require("${root}/provider/shells/lifecycle/session.ts");
const { hostSysctl } = require("${root}/examples/new-resource/sysctl.ts");
require("${root}/provider/shells/lifecycle/end-with-engine.ts").endWithEngine();
exports.HostSysctl = new KindLifecycle(hostSysctl, new Session(commonQuestionsOf(hostSysctl.facts)));
`;

/** A program with the resource, in a project whose package `dockroute` is that provider. */
function project(endpoint: string): string {
  const args = JSON.stringify({ host: "alpha", endpoint, setting, value: "1" });
  const program = `import { HostSysctl } from "${root}/examples/new-resource/class.js";\nnew HostSysctl("alpha-arp", ${args});\n`;
  return ownProject("theirs", program, { options: { refresh: "always" } }, { "handlers.js": handlers });
}

describe("the resource that docs/architecture.md adds", function () {
  this.timeout(180_000);
  let site: Site;
  let stack: Stack;
  let folder: string | undefined;

  const alpha = () => site.lab.host("alpha");
  const value = async () => (await alpha().run(["sysctl", "-n", setting])).trim();

  before(async () => {
    site = await Site.up(process.env["LAB_PREFIX"] ?? "t4new", { alpha: "docker28" }, { boxes: false });
    folder = project(`root@${alpha().address}:22`);
    const { connection } = meshConfig(site.lab);
    stack = await site.stack("sysctl", { connection }, [], folder);
  });
  after(async () => {
    await site?.down();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  it("is made on the host", async () => {
    assert.equal(await value(), "0");
    succeeded(await stack.up());
    assert.equal(await value(), "1");
  });

  it("is repaired after a person changed the setting by hand", async () => {
    await alpha().run(["sysctl", "-w", `${setting}=0`]);
    assert.deepEqual(changed(succeeded(await stack.up())), ["alpha-arp"]);
    assert.equal(await value(), "1");
    succeeded(await stack.preview("--expect-no-changes"));
  });

  it("is there again after a boot", async () => {
    await site.lab.reboot("alpha");
    assert.equal(await value(), "1");
  });

  it("takes its script and its units along when it is deleted, and leaves the setting", async () => {
    succeeded(await stack.destroy());
    assert.equal(await alpha().run("find /etc -name '*dockroute*'"), "");
    assert.equal(await value(), "1");
  });
});
