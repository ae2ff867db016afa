import assert from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import { Site } from "../support/site.js";
import { meshConfig, type Ran, type Stack } from "../support/stack.js";

/** One checkout, two stacks with other pools, hosts and logins: neither is seen by the other. */
describe("two stacks of one checkout", () => {
  let site: Site;
  let staging: Stack;
  let production: Stack;
  const hosts = (...names: string[]): Host[] => names.map((name) => site.lab.host(name));

  before(async () => {
    site = await Site.up(
      "t2e",
      { s1: "docker26", s2: "docker28", p1: "docker20", p2: "docker26" },
      { boxes: false },
    );
    await Promise.all(hosts("s1", "s2", "p1", "p2").map((host) => host.ssh("sudo -n true", "admin")));
    staging = await site.stack("staging", meshConfig(site.lab, ["s1", "s2"], "172.28.0.0/16"));
    const config = meshConfig(site.lab, ["p1", "p2"], "172.30.0.0/16");
    const connection = { ...Object(config["connection"]), user: "admin" };
    production = await site.stack("production", { ...config, hostPrefix: 20, connection });
  });
  after(() => site?.down());

  it("leave each other alone in up and destroy", async () => {
    const productionsHosts = await site.snapshots(["p1", "p2"]);
    await good(staging.up("--continue-on-error"));
    assert.deepEqual(
      await site.changedSince(productionsHosts),
      [],
      "staging's up changes nothing of production",
    );

    const stagingsHosts = await site.snapshots(["s1", "s2"]);
    await good(production.up("--continue-on-error"));
    assert.deepEqual(
      await site.changedSince(stagingsHosts),
      [],
      "production's up changes nothing of staging",
    );
    await isEmpty(staging);
    await isEmpty(production);
    assert.deepEqual(await bridges(), ["172.28.0.1/24", "172.28.1.1/24", "172.30.0.1/24", "172.30.16.1/24"]);

    await good(production.destroy("--continue-on-error"));
    assert.deepEqual(
      await site.changedSince(stagingsHosts),
      [],
      "production's destroy changes nothing of staging",
    );
    await isEmpty(staging);
    assert.deepEqual(await site.changedSince(productionsHosts), []);
  });

  async function bridges(): Promise<readonly string[]> {
    const answers = hosts("s1", "s2", "p1", "p2").map((host) => host.run("ip -4 -o addr show docker0"));
    return (await Promise.all(answers)).map((text) => /inet (\S+)/.exec(text)?.[1] ?? "none");
  }
});

async function good(running: Promise<Ran>): Promise<void> {
  const ran = await running;
  assert.equal(ran.code, 0, ran.text);
}

async function isEmpty(stack: Stack): Promise<void> {
  const preview = await stack.preview("--expect-no-changes");
  assert.equal(preview.code, 0, preview.text);
}
