import { deepEqual, equal, match } from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run, tryRun } from "../../lab/run.js";
import { leftovers } from "../support/leftovers.js";
import { root } from "../support/stack.js";

const prefix = "demotest";
const words = [process.execPath, join(root, "bootstrap.mjs"), "demo/main.ts", "--prefix", prefix];
const down = () => run([...words, "--down"], { cwd: root });

describe("npm run demo", function () {
  this.timeout(300_000);
  const folder = join(root, `.${prefix}`);

  after(down);

  it("shows that nothing is reached before, and everything under its own address after", async () => {
    const { code, stdout, stderr } = await tryRun(words, { cwd: root });
    equal(code, 0, `${stdout}${stderr}`);
    const [, before, last] = /\nBefore:\n(.*)\nAfter:\n(.*)\nThe hosts/s.exec(stdout) ?? [];
    const rows = (text: string | undefined) => (text ?? "").split("\n").filter((line) => /\d\.\d/.test(line));
    equal(rows(before).length, 6);
    for (const row of rows(before)) match(row, / no .*itself answers/);
    equal(rows(last).length, 6);
    for (const row of rows(last)) {
      const [, own] = row.trim().split(/ {2,}/);
      match(row, new RegExp(` yes +\\d+\\.\\d\\d ms +${own}$`));
    }
    match(stdout, /done in \d+\.\d s/);
    equal(stdout.includes("\x1b"), false, "no colours where nobody looks at a terminal");
  });

  it("leaves an environment in which the next up finds nothing to do", async () => {
    const line = `. ${join(folder, "env")} && pulumi up --yes --skip-preview --continue-on-error --non-interactive`;
    const { code, stdout, stderr } = await tryRun(["sh", "-c", line], { cwd: root });
    equal(code, 0, stderr);
    match(stdout, /16 unchanged/);
  });

  it("writes a config that a person would have written", () => {
    const text = readFileSync(join(root, `Pulumi.${prefix}.yaml`), "utf8");
    equal(text.split("\n").length < 20, true, text);
    match(text, /^ {2}dockroute:pool: 172\.30\.0\.0\/16$/m);
  });

  it("is gone without a trace after --down, which may be given twice", async () => {
    await down();
    deepEqual(await leftovers(prefix), []);
    equal(existsSync(folder), false);
    await down();
  });
});
