/** The resource that docs/architecture.md adds, on a host: what the page tells a newcomer to write is enough. */
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { changed, succeeded } from "../support/scene.js";
import { Site } from "../support/site.js";
import { meshConfig, root, type Stack } from "../support/stack.js";

const setting = "net.ipv4.conf.all.arp_filter";

/** The line of handlers.ts, for a provider that has this one resource. */
const handlers = `
require("tsx/cjs");
const { commonQuestionsOf } = require("${root}/provider/engine/fact.ts");
const { KindLifecycle } = require("${root}/provider/shells/dynamic/lifecycle.ts");
const { Session } = require("${root}/provider/shells/dynamic/session.ts");
const { hostSysctl } = require("${root}/examples/new-resource/sysctl.ts");
require("${root}/provider/shells/dynamic/end-with-engine.ts").endWithEngine();
exports.HostSysctl = new KindLifecycle(hostSysctl, new Session(commonQuestionsOf(hostSysctl.facts)));
`;

/** A project whose package `dockroute` is that provider. */
function projectIn(folder: string, endpoint: string): string {
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "dockroute"), { recursive: true });
  for (const name of ["@pulumi", "tsx"]) symlinkSync(join(root, "node_modules", name), join(modules, name));
  writeFileSync(join(modules, "dockroute/handlers.js"), handlers);
  const settings = {
    ...{ name: "theirs", main: "index.ts", options: { refresh: "always" } },
    runtime: { name: "nodejs", options: { typescript: false, nodeargs: "--import tsx" } },
  };
  writeFileSync(join(folder, "Pulumi.yaml"), JSON.stringify(settings));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "theirs", private: true }));
  const args = JSON.stringify({ host: "alpha", endpoint, setting, value: "1" });
  writeFileSync(
    join(folder, "index.ts"),
    `import { HostSysctl } from "${root}/examples/new-resource/class.js";\nnew HostSysctl("alpha-arp", ${args});\n`,
  );
  return folder;
}

describe("the resource that docs/architecture.md adds", function () {
  this.timeout(180_000);
  let site: Site;
  let stack: Stack;

  const alpha = () => site.lab.host("alpha");
  const value = async () => (await alpha().run(["sysctl", "-n", setting])).trim();

  before(async () => {
    site = await Site.up(process.env["LAB_PREFIX"] ?? "t4new", { alpha: "docker28" }, { boxes: false });
    const project = projectIn(join(site.folder, "project"), `root@${alpha().address}:22`);
    const { connection } = meshConfig(site.lab);
    stack = await site.stack("sysctl", { connection }, [], project);
  });
  after(() => site?.down());

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
