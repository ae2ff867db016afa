/**
 * The promises that are held by tests of their own: their titles begin with the promise's letter. Each file with
 * such a title is run as a whole, because its tests build on one another; the reporter keeps their results.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../support/stack.js";
import { anyLetter, keepOutcome } from "./outcomes.js";

const lettered = new RegExp(`\\b(it|describe)\\(\\s*["'\`]${anyLetter}[ ,:]`);

function specs(): readonly string[] {
  return ["unit", "hosts", "long"].flatMap((part) => {
    const folder = join(root, "test", part);
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".spec.ts"))
      .map((name) => join(folder, name))
      .filter((file) => lettered.test(readFileSync(file, "utf8")));
  });
}

/** @param words files whose path holds one of them; without any, all */
export async function runNamedTests(words: readonly string[], prefix: string): Promise<void> {
  const chosen = specs().filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
  for (const file of chosen) {
    const ended = await runSpec(file, prefix);
    keepOutcome(`${file.slice(root.length + 1)} came to its end`, ended, file);
  }
}

let running: ChildProcess | undefined;

/** mocha takes its labs down and ends. */
export async function stopNamedTests(signal: NodeJS.Signals): Promise<void> {
  if (running === undefined || running.exitCode !== null) return;
  running.kill(signal);
  await once(running, "exit");
}

/** True where all of its tests ran: mocha's status is the number of those that failed. */
async function runSpec(file: string, prefix: string): Promise<boolean> {
  const mocha = join(root, "node_modules/mocha/bin/mocha.js");
  const own = ["--no-config", "--require", "tsx/cjs", "--require", join(root, "test/support/labs.ts")];
  const report = ["--reporter", join(root, "test/support/reporter.ts"), "--timeout", "900000"];
  const env: NodeJS.ProcessEnv = { ...process.env, LAB_PREFIX: `${prefix}t` };
  // Each file has its own.
  delete env["DOCKROUTE_UNDO_SECONDS"];
  running = spawn(process.execPath, [mocha, ...own, ...report, file], {
    cwd: root,
    env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [, signal] = await once(running, "exit");
  return signal === null;
}
