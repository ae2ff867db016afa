/** The result of each point, one line each in an ignored folder, so that a sweep goes on where it was stopped. */
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../support/stack.js";

export interface Row {
  /** "docker28 DockerBridge create", or "three hosts up". */
  readonly run: string;
  readonly fault: string;
  readonly host: string;
  readonly n: number;
  /** The host's command there. */
  readonly at: string;
  /** True where the run reached this point; it may have made fewer calls than the recorded one. */
  readonly reached: boolean;
  /** The conditions that did not hold. */
  readonly wrong: readonly string[];
  readonly reachMs: number;
  /** The message that a person would read. */
  readonly said: string;
  /** Time of its lab, and how many labs there were side by side. */
  readonly seconds: number;
  readonly labs?: number;
  /** The share of the points that its sweep was to try, in percent; all where it is absent. */
  readonly share?: number;
  /** The seconds of each phase, where they were measured. */
  readonly phases?: Readonly<Record<string, number>>;
  readonly commit: string;
}

export const resultsFolder = join(root, ".faults");

export const commit = commitOf(root);

/** Sources that were unpacked from an archive have none. */
function commitOf(folder: string): string {
  try {
    const argv = ["rev-parse", "--short", "HEAD"];
    return execFileSync("git", argv, { cwd: folder, encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return "unknown";
  }
}

let stopped = false;

/** From now on nothing is kept: the points under way meet labs that are being taken down. */
export function keepNoMore(): void {
  stopped = true;
}

/** @param name of a file among the results, which gets one more line */
export function keepLine(name: string, row: object): void {
  if (stopped) return;
  mkdirSync(resultsFolder, { recursive: true });
  appendFileSync(join(resultsFolder, name), `${JSON.stringify(row)}\n`);
}

export const addRow = (row: Row): void => keepLine("points.jsonl", row);

export function keyOf({ run, fault, host, n }: Pick<Row, "run" | "fault" | "host" | "n">): string {
  return [run, fault, host, n].join("|");
}

/** Every try, in order. */
export const allTries = (): readonly Row[] => linesOf("points.jsonl");

/** The tries before the last `--fresh`: the code had other calls then. */
export const earlierTries = (): readonly Row[] => linesOf("earlier.jsonl");

/** All lines that were kept under this name. */
export function linesOf<T>(name: string): readonly T[] {
  const path = join(resultsFolder, name);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  // The last line may have been cut short.
  return lines.flatMap((line) => (line.endsWith("}") ? [JSON.parse(line) as T] : []));
}

/** Forgets the traces and the results of their points, but for a line in the document. */
export function beginAnew(): void {
  const rows = [...earlierTries(), ...allTries()];
  rmSync(resultsFolder, { recursive: true, force: true });
  mkdirSync(resultsFolder, { recursive: true });
  writeFileSync(join(resultsFolder, "earlier.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
}

/** The last try of each point. */
export function allRows(): readonly Row[] {
  return [...new Map(allTries().map((row) => [keyOf(row), row])).values()];
}

/** Violations as one line of the document. */
export function inOneLine(wrong: readonly string[]): string {
  return wrong
    .join("; ")
    .replace(/\S*\/node_modules\//g, "")
    .replace(/\s+/g, " ")
    .replaceAll("|", "\\|")
    .slice(0, 400);
}

/** Tries that did not hold, of points that hold now: the fault was mended meanwhile, or comes and goes. */
export function heldLater(): readonly Row[] {
  const well = new Set(
    allRows()
      .filter(({ wrong }) => wrong.length === 0)
      .map(keyOf),
  );
  return allTries().filter((row) => row.wrong.length > 0 && well.has(keyOf(row)));
}
