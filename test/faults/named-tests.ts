/**
 * The promises that are held by tests of their own: their titles begin with the promise's letter. Each file with
 * such a title is run as a whole, because its tests build on one another; what became of them is kept.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../support/stack.js";
import { commit, resultsFolder } from "./results.js";

export interface Outcome {
  readonly passed: boolean;
  readonly commit: string;
}

const kept = join(resultsFolder, "tests.json");
const lettered = /\b(it|describe)\(\s*["'`][A-F]\d+[ ,:]/;

/** A title may bear several: "E3, E4, D8: ...". */
export function bears(title: string, letter: string): boolean {
  return new RegExp(`(^|\\s)${letter}[ ,:]`).test(title);
}

/** By full title. */
export function testOutcomes(): ReadonlyMap<string, Outcome> {
  if (!existsSync(kept)) return new Map();
  return new Map(Object.entries(JSON.parse(readFileSync(kept, "utf8")) as Record<string, Outcome>));
}

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
export async function runNamedTests(
  words: readonly string[],
  prefix: string,
  say: (line: string) => void,
): Promise<void> {
  const chosen = specs().filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
  for (const file of chosen) {
    const outcomes = await runSpec(file, prefix);
    writeFileSync(kept, JSON.stringify({ ...Object.fromEntries(testOutcomes()), ...outcomes }, null, 1));
    const failed = Object.entries(outcomes).filter(([, { passed }]) => !passed);
    say(`${file.slice(root.length + 1)}: ${Object.keys(outcomes).length} tests, ${failed.length} failed`);
    for (const [title] of failed) say(`  FAILED: ${title}`);
  }
}

interface Report {
  readonly tests: readonly { readonly fullTitle: string; readonly err: object }[];
  readonly failures: readonly { readonly fullTitle: string }[];
}

let running: ChildProcess | undefined;

/** mocha takes its labs down and ends. */
export async function stopNamedTests(signal: NodeJS.Signals): Promise<void> {
  if (running === undefined || running.exitCode !== null) return;
  running.kill(signal);
  await once(running, "exit");
}

async function runSpec(file: string, prefix: string): Promise<Record<string, Outcome>> {
  mkdirSync(resultsFolder, { recursive: true });
  const output = join(resultsFolder, "report.json");
  rmSync(output, { force: true });
  const mocha = join(root, "node_modules/mocha/bin/mocha.js");
  const own = ["--no-config", "--require", "tsx/cjs", "--require", join(root, "test/support/labs.ts")];
  const report = ["--reporter", "json", "--reporter-option", `output=${output}`, "--timeout", "900000"];
  const env: NodeJS.ProcessEnv = { ...process.env, LAB_PREFIX: `${prefix}t` };
  // Each file has its own.
  delete env["DOCKROUTE_UNDO_SECONDS"];
  running = spawn(process.execPath, [mocha, ...own, ...report, file], {
    cwd: root,
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  await once(running, "exit");
  if (!existsSync(output))
    return { [`${file.slice(root.length + 1)} came to no end`]: { passed: false, commit } };
  const { tests, failures } = JSON.parse(readFileSync(output, "utf8")) as Report;
  // A hook that failed is among the failures only.
  return Object.fromEntries([
    ...tests.map(({ fullTitle, err }) => [fullTitle, { passed: Object.keys(err).length === 0, commit }]),
    ...failures.map(({ fullTitle }) => [fullTitle, { passed: false, commit }]),
  ]);
}
