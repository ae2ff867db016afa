/**
 * A stack that dockroute 0.1.0 left, on hosts as it left them: one `up` of the present code takes it over, without a
 * restart of Docker and without a packet lost between containers that talk throughout. `destroy` removes it, also
 * without an `up` before.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "../../lab/host.js";
import { amiss, places } from "../support/mesh.js";
import {
  inLab,
  type RecordedStack,
  readText,
  recordedStacks,
  replay,
  stackName,
} from "../support/recorded-stack.js";
import { changed, dockers, running, succeeded } from "../support/scene.js";
import { Site } from "../support/site.js";
import type { Stack } from "../support/stack.js";
import { breath, talk } from "../support/talk.js";

/** Names of chains that hold a range: "DOCKROUTE-172.30.0.0_24", "guard-mark-DR-172.30.0.0_24-1f2e". */
const formerName = /[\w-]+-\d+\.\d+\.\d+\.\d+_\d+[\w-]*/g;

/** Things that a host still has by the names of dockroute 0.1.0. */
async function ofFormerNames(host: Host): Promise<readonly string[]> {
  const rules = await host.run("iptables-save; ! command -v nft >/dev/null || nft -s list ruleset");
  const files = await host.run("find /etc/dockroute -path '*/parts*'");
  const found = [...new Set([...rules.matchAll(formerName)].map(([name]) => name))];
  return [...found, ...files.split("\n").filter((line) => line !== "")].map(
    (what) => `${host.name}: ${what}`,
  );
}

for (const name of recordedStacks()) {
  const { what, hosts } = JSON.parse(readText(name)) as RecordedStack;

  describe(`a stack of ${what}`, () => {
    let site: Site;
    let stack: Stack;
    let fresh: Awaited<ReturnType<Site["snapshots"]>>;

    before(async () => {
      const images = Object.fromEntries(hosts.map((host) => [host.name, host.image]));
      site = await Site.up("longup", images);
      fresh = await site.snapshots();
      await recall();
    });
    after(() => site?.down());

    /** Brings hosts and state to where dockroute 0.1.0 left them. */
    async function recall(): Promise<void> {
      const recorded = await inLab(name, site.lab);
      await Promise.all(recorded.hosts.map((host) => replay(site.lab.host(host.name), host.files)));
      await Promise.all(site.lab.hosts.map(running));
      stack = await site.stack(stackName, recorded.config);
      const file = join(site.folder, "deployment.json");
      writeFileSync(file, JSON.stringify(recorded.deployment));
      succeeded(await stack.pulumi(["stack", "import", "--stack", stackName, "--file", file]));
      assert.deepEqual(await amiss(site.lab.hosts), [], "the mesh is whole as dockroute 0.1.0 left it");
      const left = (await Promise.all(site.lab.hosts.map(ofFormerNames))).flat();
      assert.ok(left.length > hosts.length, "the hosts have the things of dockroute 0.1.0");
    }

    it("E7: comes over with one up, and loses no packet and no start of Docker", async () => {
      const since = await dockers(site.lab.hosts);
      const end = await talk(await places(site.lab.hosts));
      await breath();
      const ran = await stack.up("--continue-on-error");
      await breath();
      const lost = await end();
      succeeded(ran);
      assert.deepEqual(lost, []);
      assert.deepEqual(await dockers(site.lab.hosts), since);
    });

    it("E7: previews empty afterwards, the mesh is whole, and nothing bears an old name", async () => {
      assert.deepEqual(changed(succeeded(await stack.preview("--expect-no-changes"))), []);
      assert.deepEqual(await amiss(site.lab.hosts), []);
      assert.deepEqual((await Promise.all(site.lab.hosts.map(ofFormerNames))).flat(), []);
    });

    it("E7: destroys without a trace", async () => {
      succeeded(await stack.destroy("--continue-on-error"));
      assert.deepEqual(await site.changedSince(fresh), []);
    });

    it("E7: destroys without a trace right away, without an up", async () => {
      await recall();
      succeeded(await stack.destroy("--continue-on-error"));
      assert.deepEqual(await site.changedSince(fresh), []);
    });
  });
}
