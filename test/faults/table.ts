/** The table that a run prints, and docs/reliability.md, which it writes. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../support/stack.js";
import { notTried, type Promise_, promises } from "./promises.js";
import { allRows, type Row, resultsFolder } from "./results.js";

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

function markdown(found: readonly Line[]): string {
  const head = ["run", "fault", "points tried", "held", "longest until reached again"];
  const cells = found.map(({ what, tried, held, longest }) => [
    ...what.split(" | "),
    String(tried),
    String(held),
    `${longest.toFixed(1)} s`,
  ]);
  const all = [head, ...cells];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const print = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [print(head), print(widths.map((width) => "-".repeat(width))), ...cells.map(print)].join("\n");
}

/** What became of the tests by their titles; a file that mocha's json reporter wrote. */
export const testsFile = join(resultsFolder, "tests.json");

function testResults(): ReadonlyMap<string, boolean> {
  if (!existsSync(testsFile)) return new Map();
  const { tests } = JSON.parse(readFileSync(testsFile, "utf8")) as {
    tests: { fullTitle: string; err: object }[];
  };
  return new Map(tests.map(({ fullTitle, err }) => [fullTitle, Object.keys(err).length === 0]));
}

function resultOf(promise: Promise_, rows: readonly Row[], tests: ReadonlyMap<string, boolean>): string {
  const line = lineOf("", promise.rows === undefined ? [] : rows.filter(promise.rows));
  const named = [...tests].filter(([title]) => promise.tests?.some((part) => title.includes(part)));
  const failed = named.filter(([, passed]) => !passed).map(([title]) => title);
  const words = [
    ...(line.tried === 0 ? [] : [`${line.held} of ${line.tried} points held`]),
    ...(named.length === 0 ? [] : [`${named.length - failed.length} of ${named.length} tests held`]),
    ...failed.map((title) => `FAILED: ${title}`),
  ];
  return words.length === 0 ? "not tried" : words.join("; ");
}

export function printTable(): string {
  return markdown(lines(allRows()));
}

export function writeDocument(hours: string): void {
  const rows = allRows();
  const tests = testResults();
  const broken = rows.filter(({ wrong }) => wrong.length > 0);
  const commits = [...new Set(rows.map(({ commit }) => commit))].join(", ");
  const text = [
    "# What was done to it, and what held",
    "",
    `Written by \`npm run test:faults\` (commit ${commits}; ${hours}). Points are every exec over ssh and every program that`,
    "a script of dockroute's runs on a host, counted by a shim before each program. At each the program is let finish,",
    "then stands still until the fault is done. After it must hold: a new ssh login is had within the undo's time and a",
    "minute, Docker is active, the containers run that ran before, nothing is left pending; the same run again converges",
    "with no step by hand (`pulumi cancel` after a kill), its preview is empty, no lock, timer, temporary file or process",
    "is left, and addresses, routes, rules, nft, iptables, sysctl, units and every file of /etc are as after a run that",
    "nothing disturbed; after destroy, as before the first one.",
    "",
    "## Points",
    "",
    markdown(lines(rows)),
    "",
    "In the whole three-host `up`, one point of each look stands for all of it: nothing is changed within a look.",
    "",
    "## Promises",
    "",
    "| promise | what | fault | result |",
    "| ------- | ---- | ----- | ------ |",
    ...promises.map(
      (each) => `| ${each.letter} | ${each.promise} | ${each.fault} | ${resultOf(each, rows, tests)} |`,
    ),
    "",
    ...(broken.length === 0 ? [] : ["## What did not hold", "", ...broken.map(inWords), ""]),
    "## Not tried",
    "",
    ...notTried.map((each) => `- ${each}`),
    "",
  ].join("\n");
  writeFileSync(join(root, "docs", "reliability.md"), text);
}

function inWords({ run, fault, host, n, at, wrong }: Row): string {
  const what = wrong.join("; ").replace(/\s+/g, " ").replaceAll("|", "\\|").slice(0, 400);
  return `- ${run}, ${fault} at ${host} ${n} (\`${at.replaceAll("`", "'").replaceAll("|", "\\|")}\`): ${what}`;
}
