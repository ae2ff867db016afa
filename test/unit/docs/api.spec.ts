/** docs/api is the output of `npm run docs` for the docstrings. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../lab/run.js";
import { root } from "../../support/stack.js";

const textsIn = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  );

describe("docs/api", () => {
  const folder = mkdtempSync(join(tmpdir(), "dockroute-api-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("is up to date: else run `npm run docs`", async function () {
    this.timeout(120_000);
    await run(["node", join(root, "node_modules/typedoc/bin/typedoc"), "--out", folder], { cwd: root });
    assert.deepEqual(textsIn(join(root, "docs/api")), textsIn(folder));
  });

  it("tells nothing of the machine that made it", () => {
    for (const text of Object.values(textsIn(join(root, "docs/api")))) {
      assert.doesNotMatch(text, /\/(root|home|tmp|work)\/|node_modules|https?:\/\//);
    }
  });
});
