/** A stack that earlier code left, on hosts as it left them: the present code finds nothing to do, and takes it away. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { amiss } from "../support/mesh.js";
import {
  inLab,
  type RecordedStack,
  readText,
  recordedStacks,
  replay,
  stackName,
} from "../support/recorded-stack.js";
import { changed, succeeded } from "../support/scene.js";
import { Site } from "../support/site.js";
import type { Stack } from "../support/stack.js";

for (const name of recordedStacks()) {
  const { what, hosts } = JSON.parse(readText(name)) as RecordedStack;

  describe(`a stack of ${what}`, () => {
    let site: Site;
    let stack: Stack;
    let fresh: Awaited<ReturnType<Site["snapshots"]>>;

    before(async () => {
      const images = Object.fromEntries(hosts.map((host) => [host.name, host.image]));
      site = await Site.up("pkup", images);
      fresh = await site.snapshots();
      const recorded = await inLab(name, site.lab);
      await Promise.all(recorded.hosts.map((host) => replay(site.lab.host(host.name), host.files)));
      stack = await site.stack(stackName, recorded.config);
      const file = join(site.folder, "deployment.json");
      writeFileSync(file, JSON.stringify(recorded.deployment));
      succeeded(await stack.pulumi(["stack", "import", "--stack", stackName, "--file", file]));
    });
    after(() => site?.down());

    it("is where the earlier code left it: the mesh is whole", async () => {
      assert.deepEqual(await amiss(site.lab.hosts), []);
    });

    it("E7: previews empty", async () => {
      const preview = succeeded(await stack.preview("--expect-no-changes"));
      assert.deepEqual(changed(preview), []);
    });

    it("E7: takes an up that changes nothing", async () => {
      assert.deepEqual(changed(succeeded(await stack.up("--continue-on-error"))), []);
      assert.deepEqual(await amiss(site.lab.hosts), []);
    });

    it("E7: destroys without a trace", async () => {
      succeeded(await stack.destroy("--continue-on-error"));
      assert.deepEqual(await site.changedSince(fresh), []);
    });
  });
}
