/** The table that a run prints, and docs/reliability.md, which it writes. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { root } from "../support/stack.js";
import { bears, type Outcome, testOutcomes } from "./outcomes.js";
import { type Trace, worthTrying } from "./points.js";
import { notTried, type Promise_, promises } from "./promises.js";
import { allRows, heldLater, type Row, resultsFolder } from "./results.js";
import { earlierSweeps, heldSince, inWords, notComeTo, phases, walks } from "./sections.js";
import { walked } from "./walk/walk.js";

interface Line {
  readonly what: string;
  readonly tried: number;
  readonly held: number;
  readonly longest: number;
}

function lineOf(what: string, rows: readonly Row[]): Line {
  const tried = rows.filter(({ reached }) => reached);
  return {
    what,
    tried: tried.length,
    held: tried.filter(({ wrong }) => wrong.length === 0).length,
    longest: Math.max(0, ...tried.map(({ reachMs }) => reachMs / 1000)),
  };
}

function lines(rows: readonly Row[]): readonly Line[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const what = `${row.run} | ${row.fault}`;
    groups.set(what, [...(groups.get(what) ?? []), row]);
  }
  return [...groups].map(([what, group]) => lineOf(what, group)).sort((a, b) => (a.what < b.what ? -1 : 1));
}

/** By run: what was recorded, and how much of it is worth a try. */
function recorded(): ReadonlyMap<string, { readonly calls: number; readonly points: number }> {
  const files = existsSync(resultsFolder) ? readdirSync(resultsFolder) : [];
  const entries = files.flatMap((file) => {
    const run = /^(.*)\.trace\.json$/.exec(file)?.[1]?.replaceAll("_", " ");
    if (run === undefined) return [];
    const traces = Object.values(JSON.parse(readFileSync(join(resultsFolder, file), "utf8")) as Trace);
    const points = traces.flatMap(worthTrying).length;
    return [[run, { calls: traces.flat().length, points }] as const];
  });
  return new Map(entries);
}

/** How many points no sweep has looked for yet, of the runs and faults of the table. */
function untried(found: readonly Line[], rows: readonly Row[]): number {
  const all = recorded();
  const points = found.map(({ what }) => all.get(what.split(" | ")[0] ?? "")?.points ?? 0);
  return points.reduce((sum, each) => sum + each, 0) - rows.length;
}

function markdown(found: readonly Line[]): string {
  const all = recorded();
  const head = ["run", "fault", "calls", "points", "tried", "held", "longest until reached again"];
  const cells = found.map(({ what, tried, held, longest }) => {
    const [run = "", fault = ""] = what.split(" | ");
    const { calls = "?", points = "?" } = all.get(run) ?? {};
    return [run, fault, calls, points, tried, held, `${longest.toFixed(1)} s`].map(String);
  });
  const rows = [head, ...cells];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const print = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [print(head), print(widths.map((width) => "-".repeat(width))), ...cells.map(print)].join("\n");
}

function resultOf(promise: Promise_, rows: readonly Row[], tests: ReadonlyMap<string, Outcome>): string {
  const line = lineOf("", promise.rows === undefined ? [] : rows.filter(promise.rows));
  const named = [...tests].filter(([title]) => bears(title, promise.letter));
  const failed = named.filter(([, { passed }]) => !passed).map(([title]) => title);
  const steps = promise.letter === "C6" ? walked() : [];
  const words = [
    ...(steps.length === 0
      ? []
      : [`${steps.filter(({ wrong }) => wrong.length === 0).length} of ${steps.length} steps held`]),
    ...(line.tried === 0 ? [] : [`${line.held} of ${line.tried} points held`]),
    ...(named.length === 0 ? [] : [`${named.length - failed.length} of ${named.length} tests held`]),
    ...failed.map((title) => `FAILED: ${title}`),
  ];
  return words.length === 0 ? "not tried" : words.join("; ");
}

export function printTable(): string {
  return markdown(lines(allRows()));
}

function duration(rows: readonly Row[]): string {
  const hours = (each: (row: Row) => number) =>
    `${(rows.reduce((sum, row) => sum + each(row), 0) / 3600).toFixed(1)} h`;
  const known = rows.filter(({ labs }) => labs !== undefined).length;
  const clock =
    known === 0
      ? ""
      : ` (${known} of them ${hours(({ seconds, labs }) => (labs ? seconds / labs : 0))} by the clock)`;
  return `${hours(({ seconds }) => seconds)} of all labs together${clock}`;
}

export function writeDocument(): void {
  const rows = allRows();
  const found = lines(rows);
  const left = untried(found, rows);
  const tests = testOutcomes();
  const broken = rows.filter(({ wrong }) => wrong.length > 0);
  const made = [...rows, ...walked(), ...tests.values()].map(({ commit }) => commit);
  const commits = [...new Set(made)].join(", ");
  const text = [
    "# What was done to it, and what held",
    "",
    "Written by `npm run test:faults`, from what became of the points that it has tried so far: a run goes on where the",
    `last one was stopped. ${rows.length} points, ${duration(rows)}, at the commits ${commits}.`,
    "",
    "Calls are every exec over ssh and every program that a script of dockroute's runs on a host, counted by a shim",
    "before each program. Points are those calls after which a fault may meet another host than after the last one:",
    "every call of a script that changes something, and one call of each look, because a look changes nothing. At a",
    "point the program is let finish, then stands still until the fault is done. Points are tried evenly spread at",
    "first, then what lies between. After it must hold: a new ssh login is had within the undo's time and a",
    "minute, Docker is active, the containers run that ran before, nothing is left pending; the same run again converges",
    "with no step by hand (`pulumi cancel` after a kill), its preview is empty, no lock, timer, temporary file or process",
    "is left, and addresses, routes, rules, nft, iptables, sysctl, units and every file of /etc are as after a run that",
    "nothing disturbed; after destroy, as before the first one.",
    "",
    "Of a whole `up`, points are tried in a row: one from nothing is broken off at a point of each host, the next goes",
    "on and is broken off later, up to twelve times, then one is left alone. Where an `up` gets over a cut link or power",
    "cut by itself, its host meets the next one in the same `up`. So that each host comes to its points, all of them may",
    "restart Docker at the same time; a point that is tried by itself has them in turn. Up to four times routes and rules",
    "are then destroyed (`--target`) and made again with faults on the way, the bridges staying: a script that made them",
    "comes to its end after most faults, so that it has one point in a row of `up`. A login is asked for after each fault,",
    "Docker, the containers and what is pending after each `up`, the rest after the one that was left alone (what is due by a",
    "refresh, and at the end of a row by a preview). A point that an `up` that goes on passes by is tried again as the first",
    "of a chain.",
    "",
    "## Points",
    "",
    markdown(found),
    "",
    ...notComeTo(rows),
    ...phases(rows),
    ...walks(),
    "## Promises",
    "",
    "What the runs so far have shown; a test that no run of the fault bench has come to yet counts as not tried here.",
    "",
    "| promise | what | fault | result |",
    "| ------- | ---- | ----- | ------ |",
    ...promises.map(
      (each) => `| ${each.letter} | ${each.promise} | ${each.fault} | ${resultOf(each, rows, tests)} |`,
    ),
    "",
    ...earlierSweeps(),
    ...(broken.length === 0 ? [] : ["## What did not hold", "", ...broken.map(inWords), ""]),
    ...heldSince(heldLater()),
    "## Not tried",
    "",
    ...notTried.map((each) => `- ${each}`),
    ...(left > 0 ? [`- ${left} of the points of the table above, for want of time.`] : []),
    "",
  ].join("\n");
  writeFileSync(join(root, "docs", "reliability.md"), text.replaceAll(root, ".").replaceAll(homedir(), "~"));
}
