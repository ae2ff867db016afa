/** Reads every shell script of the package with shellcheck, which it installs on a Debian machine that lacks it. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ensurePrograms } from "../lab/apt.js";

const root = join(__dirname, "..");

async function main(): Promise<void> {
  await ensurePrograms([["shellcheck", "shellcheck"]], console.log);
  const scripts = readdirSync(join(root, "provider"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".sh") && !frozen.test(name))
    .map((name) => join("provider", name));
  if (scripts.length === 0) throw new Error("no script was found");
  process.exitCode = spawnSync("shellcheck", scripts, { cwd: root, stdio: "inherit" }).status ?? 1;
}

/** What an older dockroute left on hosts is compared with, and never run. */
const frozen = /-\d+\.\d+\.\d+\.sh$/;

main();
