/**
 * The lines of docs/reliability.md: the results of a run's points under one fault, and of a walk. They are kept beside
 * the document, so that a sweep of some points, or on another machine, leaves the other lines as they are.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { root } from "../support/stack.js";
import { type Outcome, testOutcomes } from "./outcomes.js";
import { shareOf, type Trace, worthTrying } from "./points.js";
import { allRows, heldLater, inOneLine, type Row, resultsFolder } from "./results.js";
import { walked } from "./walk/walk.js";

export interface Line {
  readonly run: string;
  readonly fault: string;
  /** The number of recorded calls, and of those among them that are points. */
  readonly calls: number;
  readonly points: number;
  readonly tried: number;
  readonly held: number;
  /** The share of the points that was to be tried, in percent, evenly spread; all where it is absent. */
  readonly share?: number;
  /** Until a host was reached again, in seconds. */
  readonly longest: number;
  /** Of all labs, and by the clock. */
  readonly seconds: number;
  readonly clock: number;
  /** The points that were not reached: "alpha 247". */
  readonly missed: readonly string[];
  /** Points with the conditions that did not hold there. */
  readonly wrong: readonly string[];
  /** The same of points that held when they were tried again. */
  readonly mended: readonly string[];
  readonly commits: readonly string[];
}

export interface WalkLine {
  readonly seed: number;
  readonly steps: number;
  readonly held: number;
  /** The number of times that its hosts were compared with fresh ones. */
  readonly compared: number;
  readonly minutes: number;
  readonly wrong: readonly string[];
  readonly commits: readonly string[];
}

export interface Kept {
  readonly lines: readonly Line[];
  readonly walks: readonly WalkLine[];
  /** By full title. */
  readonly tests: Readonly<Record<string, Outcome>>;
}

const docs = join(root, "docs");
const file = join(docs, "reliability.json");

/** The kept lines, replaced by those of this machine where these show more. */
export function everything(): Kept {
  const kept: Kept = existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as Kept)
    : { lines: [], walks: [], tests: {} };
  const lines = mergedBy(({ run, fault }: Line) => `${run} | ${fault}`, kept.lines, ownLines());
  const walks = mergedBy(({ seed }: WalkLine) => String(seed), kept.walks, ownWalks());
  return { lines, walks, tests: mergedTests(kept.tests, Object.fromEntries(testOutcomes())) };
}

export function keep(all: Kept): void {
  writeInDocs("reliability.json", `${JSON.stringify(all, null, 1)}\n`);
}

/** The messages may name folders of this machine: those are cut out. */
export function writeInDocs(name: string, text: string): void {
  writeFileSync(join(docs, name), text.replaceAll(root, ".").replaceAll(homedir(), "~"));
}

/**
 * The later of two takes the other's place where it is through with what it was to try, has found as much, or has found
 * something that does not hold.
 */
export function mergedBy<L extends Line | WalkLine>(
  keyOf: (line: L) => string,
  kept: readonly L[],
  own: readonly L[],
): readonly L[] {
  const all = new Map(kept.map((line) => [keyOf(line), line]));
  for (const line of own) {
    const before = all.get(keyOf(line));
    const isThrough = "points" in line && isShareTried(line);
    if (before === undefined || isThrough || line.wrong.length > 0 || extent(line) >= extent(before))
      all.set(keyOf(line), line);
  }
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
}

const extent = (line: Line | WalkLine): number =>
  "tried" in line ? line.tried + line.missed.length : line.steps;

/** True where every point that was to be tried was looked for. */
export function isShareTried(line: Line): boolean {
  return line.points > 0 && extent(line) >= shareOf(line.points, line.share ?? 100);
}

/** The results of a file that was run here as a whole replace all kept ones of it. Those of a file that is gone are dropped. */
function mergedTests(kept: Kept["tests"], own: Kept["tests"]): Kept["tests"] {
  const here = new Set(Object.values(own).flatMap(({ spec, whole }) => (whole ? [spec] : [])));
  const still = Object.entries(kept).filter(
    ([, { spec }]) => !here.has(spec) && existsSync(join(root, spec)),
  );
  const both = [...still, ...Object.entries(own)];
  return Object.fromEntries(both.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function ownLines(): readonly Line[] {
  const recorded = recordedRuns();
  const mended = heldLater();
  const groups = new Map<string, Row[]>();
  for (const row of allRows()) {
    const key = `${row.run} | ${row.fault}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].flatMap((rows) => {
    const [first] = rows;
    if (first === undefined) return [];
    const { run, fault } = first;
    const same = (row: Row): boolean => row.run === run && row.fault === fault;
    return [lineOf(run, fault, recorded.get(run) ?? { calls: 0, points: 0 }, rows, mended.filter(same))];
  });
}

function lineOf(
  run: string,
  fault: string,
  recorded: Pick<Line, "calls" | "points">,
  rows: readonly Row[],
  mended: readonly Row[],
): Line {
  const tried = rows.filter(({ reached }) => reached);
  const share = Math.min(...rows.map((row) => row.share ?? 100));
  const sum = (each: (row: Row) => number): number => rows.reduce((total, row) => total + each(row), 0);
  return {
    run,
    fault,
    ...recorded,
    tried: tried.length,
    held: tried.filter(({ wrong }) => wrong.length === 0).length,
    ...(share < 100 && { share }),
    longest: Math.max(0, ...tried.map(({ reachMs }) => Math.round(reachMs / 100) / 10)),
    seconds: Math.round(sum(({ seconds }) => seconds)),
    clock: Math.round(sum(({ seconds, labs = 1 }) => seconds / labs)),
    missed: rows.filter(({ reached }) => !reached).map(({ host, n }) => `${host} ${n}`),
    wrong: rows.filter(({ wrong }) => wrong.length > 0).map(inWords),
    // One fault may be told of each point of a row: those that say the same are told once.
    mended: [...new Map(mended.map((row) => [inOneLine(row.wrong), inWords(row)])).values()],
    commits: [...new Set(rows.map(({ commit }) => commit))],
  };
}

function inWords({ host, n, at, wrong, commit }: Row): string {
  const call = at.replaceAll("`", "'").replaceAll("|", "\\|");
  return `${host} ${n} (\`${call}\`, at ${commit}): ${inOneLine(wrong)}`;
}

function recordedRuns(): ReadonlyMap<string, Pick<Line, "calls" | "points">> {
  const files = existsSync(resultsFolder) ? readdirSync(resultsFolder) : [];
  const entries = files.flatMap((name) => {
    const run = /^(.*)\.trace\.json$/.exec(name)?.[1]?.replaceAll("_", " ");
    if (run === undefined) return [];
    const traces = Object.values(JSON.parse(readFileSync(join(resultsFolder, name), "utf8")) as Trace);
    return [[run, { calls: traces.flat().length, points: traces.flatMap(worthTrying).length }] as const];
  });
  return new Map(entries);
}

function ownWalks(): readonly WalkLine[] {
  const rows = walked();
  return [...new Set(rows.map(({ seed }) => seed))].map((seed) => {
    const own = rows.filter((row) => row.seed === seed);
    const held = own.filter(({ wrong }) => wrong.length === 0);
    const broken = own.filter(({ wrong }) => wrong.length > 0);
    return {
      seed,
      steps: own.length,
      held: held.length,
      compared: held.filter(({ step }) => step % 10 === 0).length,
      minutes: Math.round(own.reduce((sum, { seconds }) => sum + seconds, 0) / 60),
      wrong: broken.map(({ step, what, wrong }) => `step ${step} (${what}): ${inOneLine(wrong)}`),
      commits: [...new Set(own.map(({ commit }) => commit))],
    };
  });
}
