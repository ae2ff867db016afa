/**
 * Results of the tests whose titles begin with a promise's letter, of whichever run of mocha they ran in last:
 * the reporter of all runs keeps it here, and docs/reliability.md reads it.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "../support/stack.js";
import { commit, resultsFolder } from "./results.js";

export interface Outcome {
  readonly passed: boolean;
  /** The file it is in. */
  readonly spec: string;
  /** True where all of the file was run: then a title that the run does not have is gone from it. */
  readonly whole: boolean;
  readonly commit: string;
}

const kept = join(resultsFolder, "tests.json");

/** A pattern of every promise's letter. */
export const anyLetter = "[A-F]\\d+";

/** A title may bear several: "E3, E4, D8: ...". */
export function bears(title: string, letter: string): boolean {
  return new RegExp(`(^|\\s)${letter}[ ,:]`).test(title);
}

/** By full title. */
export function testOutcomes(): ReadonlyMap<string, Outcome> {
  if (!existsSync(kept)) return new Map();
  return new Map(Object.entries(JSON.parse(readFileSync(kept, "utf8")) as Record<string, Outcome>));
}

export function keepOutcome(title: string, passed: boolean, path: string, whole = true): void {
  mkdirSync(resultsFolder, { recursive: true });
  const outcome: Outcome = { passed, spec: relative(root, path), whole, commit };
  const all = { ...Object.fromEntries(testOutcomes()), [title]: outcome };
  writeFileSync(kept, JSON.stringify(all, null, 1));
}
