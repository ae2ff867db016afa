import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asset } from "../../../provider/engine/asset.js";
import { root } from "../../support/stack.js";

describe("the files of the package that are no TypeScript", () => {
  it("are read by their path below provider/", () => {
    assert.match(asset("engine/asset.ts"), /^\/\*\* The files of this package/);
    assert.throws(() => asset("engine/none.sh"), /ENOENT/);
  });

  it("are copied beside the compiled code by the build", () => {
    const folder = mkdtempSync(join(tmpdir(), "dockroute-assets-"));
    try {
      mkdirSync(join(folder, "from/deep/er"), { recursive: true });
      for (const name of ["deep/er/run.sh", "probe.pl", "code.ts"])
        writeFileSync(join(folder, "from", name), name);
      execFileSync(process.execPath, [join(root, "assets.mjs"), join(folder, "from"), join(folder, "to")]);
      const copied = readdirSync(join(folder, "to"), { recursive: true, encoding: "utf8" });
      assert.deepEqual(copied.sort(), ["deep", "deep/er", "deep/er/run.sh", "probe.pl"]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
