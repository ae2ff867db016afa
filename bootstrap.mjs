// Plain JavaScript, because nothing is installed yet on a fresh clone: installs the packages where they are
// missing or older than the lock file, then runs a TypeScript program: `node bootstrap.mjs demo/main.ts ...`.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const installed = join(root, "node_modules", ".package-lock.json");
const fresh =
  existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs;

if (!fresh) {
  console.log("installing npm packages");
  const started = Date.now();
  const install = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: root, stdio: "inherit" });
  if (install.status !== 0) process.exit(install.status ?? 1);
  console.log(`npm packages installed: ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

const [program, ...args] = process.argv.slice(2);
const run = spawnSync(process.execPath, ["--import", "tsx", join(root, program), ...args], {
  cwd: root,
  stdio: "inherit",
});
process.exit(run.status ?? 1);
