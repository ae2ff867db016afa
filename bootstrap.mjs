// Plain JavaScript, because nothing is installed yet on a fresh clone: installs the packages where they are
// missing or older than the lock file, then runs a TypeScript program: `node bootstrap.mjs demo/main.ts ...`.
import { spawn, spawnSync } from "node:child_process";
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
  const npm = (...words) =>
    spawnSync("npm", [...words, "--no-audit", "--no-fund"], { cwd: root, stdio: "inherit" }).status ?? 1;
  // `npm ci` refuses a lock file that lacks a package for a platform which the registry did not have either
  // when the file was made; the versions are those of the lock file in both cases.
  const status = npm("ci", "--loglevel=silent") === 0 ? 0 : npm("install", "--no-save");
  if (status !== 0) process.exit(status);
  console.log(`npm packages installed: ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

const [program, ...args] = process.argv.slice(2);
const run = spawn(process.execPath, ["--import", "tsx", join(root, program), ...args], {
  cwd: root,
  stdio: "inherit",
});
// The program cleans up and ends by itself: Ctrl-C reaches it from the terminal, the other is passed on.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => run.kill("SIGTERM"));
run.on("close", (code) => process.exit(code ?? 1));
