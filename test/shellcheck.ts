/**
 * Reads every script of the package: shellcheck the shell scripts, `perl -c` the Perl ones. It installs shellcheck on a
 * Debian machine that lacks it.
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ensurePrograms } from "../lab/apt.js";

const root = join(__dirname, "..");

function scripts(ending: string): readonly string[] {
  const found = readdirSync(join(root, "provider"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => join("provider", name));
  if (found.length === 0) throw new Error(`no script *${ending} was found`);
  return found;
}

function run(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { cwd: root, stdio: "inherit" }).status === 0;
}

async function main(): Promise<void> {
  await ensurePrograms([["shellcheck", "shellcheck"]], console.log);
  const shell = run("shellcheck", scripts(".sh"));
  const perl = scripts(".pl").map((script) => run("perl", ["-c", script]));
  process.exitCode = shell && perl.every((isGood) => isGood) ? 0 : 1;
}

main();
