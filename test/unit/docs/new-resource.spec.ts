/** The example of docs/architecture.md is the file that the tests run, and is short enough to read. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hostSysctl } from "../../../examples/new-resource/sysctl.js";
import { tablesOf } from "../../support/kind-tables.js";
import { root } from "../../support/stack.js";

const wish = {
  host: "alpha",
  endpoint: "root@192.168.1.1:22",
  setting: "net.ipv4.conf.all.arp_filter",
  value: "1",
};
const { steps, undo, refusals, gone } = tablesOf(hostSysctl);
const scripts = { files: new Map<string, string>(), enabled: new Set<string>() };

describe("the resource that docs/architecture.md adds", () => {
  for (const file of ["sysctl.ts", "class.ts"]) {
    it(`is ${file}, word for word`, () => {
      const page = readFileSync(join(root, "docs/architecture.md"), "utf8");
      const code = readFileSync(join(root, "examples/new-resource", file), "utf8");
      assert.ok(page.includes(`\`\`\`ts\n${code}\`\`\``));
      assert.ok(code.split("\n").length < 90);
    });
  }

  it("is made, is left as it is, and is refused on a kernel without the setting", () => {
    const made = steps(wish, { now: "0", scripts }).map(({ why }) => why);
    assert.equal(made[0], `set ${wish.setting} to 1`);
    assert.deepEqual(undo(wish, { now: "1", scripts }), []);
    assert.ok(gone(wish, { now: "1", scripts }));
    assert.deepEqual(refusals(wish, { now: undefined, scripts }), [`this kernel has no ${wish.setting}`]);
  });
});
