/** A host belongs to one stack: a second one is refused by name and takes nothing away, neither by up nor by destroy. */
import assert from "node:assert/strict";
import type { Snapshot } from "../../lab/snapshot.js";
import { dockerStarts, says } from "../support/cases.js";
import { Site } from "../support/site.js";
import { type Config, meshConfig, type Stack } from "../support/stack.js";

describe("D1: a second stack on the same hosts", () => {
  let site: Site;
  let first: Stack;
  let second: Stack | undefined;
  let held: ReadonlyMap<string, Snapshot>;
  const starts = () => Promise.all(site.lab.hosts.map(dockerStarts));

  before(async () => {
    site = await Site.up("cased1s", { alpha: "docker26", beta: "docker28" });
    first = await site.stack("first", meshConfig(site.lab));
    const up = await first.up("--continue-on-error");
    assert.equal(up.code, 0, up.text);
    held = await site.snapshots();
  });
  after(() => site?.down());

  /** Damage by one intruder is no matter for the next one. */
  afterEach(async () => {
    if ((await site.changedSince(held)).length === 0) return;
    await second?.destroy("--continue-on-error");
    await first.up("--continue-on-error");
    held = await site.snapshots();
  });

  const other = (names: readonly string[], pool: string): Config => ({
    ...meshConfig(site.lab, undefined, pool),
    hosts: site.lab.hosts.map(({ address }, at) => ({ name: names[at], address })),
  });

  for (const [what, names, pool] of [
    ["with other names and another pool", ["shop", "depot"], "172.28.0.0/16"],
    ["with the same names and another pool", ["alpha", "beta"], "172.28.0.0/16"],
    ["with the very same config", ["alpha", "beta"], "172.30.0.0/16"],
  ] as const) {
    it(`${what}: refused by name, and nothing is changed`, async () => {
      const was = await starts();
      second = await site.stack(`second${names[0]}${pool.slice(4, 6)}`, other(names, pool));
      const up = await second.up("--continue-on-error");
      const byUp = await site.changedSince(held);
      const destroy = await second.destroy("--continue-on-error");
      const found = { refused: up.code !== 0, byUp, byDestroy: await site.changedSince(held) };
      const right = { refused: true, byUp: [], byDestroy: [] };
      assert.deepEqual(found, right, up.text + destroy.text);
      for (const name of names) says(up, [name]);
      assert.deepEqual(await starts(), was);
    });
  }

  it("the first stack finds all as it left it", async () => {
    const preview = await first.preview("--expect-no-changes");
    assert.equal(preview.code, 0, preview.text);
  });
});
