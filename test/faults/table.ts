/** The table that a run prints, and docs/reliability.md, which it writes. */
import { isShareTried, type Kept, keep, type Line, writeInDocs } from "./lines.js";
import { bears } from "./outcomes.js";
import { notTried, type Promise_, promises } from "./promises.js";
import { earlierSweeps, heldSince, notComeTo, notHeld, walks } from "./sections.js";

const sumOf = (lines: readonly Line[], each: (line: Line) => number): number =>
  lines.reduce((sum, line) => sum + each(line), 0);

function markdown(lines: readonly Line[]): string {
  const head = [
    "run",
    "fault",
    "calls",
    "points",
    "tried",
    "held",
    "longest until reached again",
    "at commit",
  ];
  const cells = lines.map((line) => {
    const { run, fault, calls, points, held, longest, commits } = line;
    const at = commits.join(", ");
    return [run, fault, calls, points, triedOf(line), held, `${longest.toFixed(1)} s`, at].map(String);
  });
  const rows = [head, ...cells];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const print = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [print(head), print(widths.map((width) => "-".repeat(width))), ...cells.map(print)].join("\n");
}

/** A share that is not through yet is spread over its first rounds only. */
function triedOf(line: Line): string {
  const { tried, points } = line;
  return tried < points && isShareTried(line) ? `${tried} of ${points} points, evenly spread` : `${tried}`;
}

export function resultOf(promise: Promise_, { lines, walks, tests }: Kept): string {
  const own = promise.points === undefined ? [] : lines.filter(promise.points);
  const tried = sumOf(own, (line) => line.tried);
  const named = Object.entries(tests).filter(([title]) => bears(title, promise.letter));
  const failed = named.filter(([, { passed }]) => !passed).map(([title]) => title);
  const steps = promise.letter === "C6" ? walks : [];
  const of = (each: (walk: (typeof walks)[number]) => number): number =>
    steps.reduce((sum, walk) => sum + each(walk), 0);
  const words = [
    ...(steps.length === 0 ? [] : [`${of(({ held }) => held)} of ${of((walk) => walk.steps)} steps held`]),
    ...(tried === 0 ? [] : [`${sumOf(own, ({ held }) => held)} of ${tried} points held`]),
    ...(named.length === 0 ? [] : [`${named.length - failed.length} of ${named.length} tests held`]),
    ...failed.map((title) => `FAILED: ${title}`),
  ];
  return words.length === 0 ? "not tried" : words.join("; ");
}

export function printTable({ lines }: Kept): string {
  return markdown(lines);
}

export function writeDocument(all: Kept): void {
  keep(all);
  const { lines } = all;
  const looked = sumOf(lines, ({ tried, missed }) => tried + missed.length);
  const leftOf = (own: readonly Line[]): number =>
    sumOf(own, ({ points, tried, missed }) => points - tried - missed.length);
  const beside = leftOf(lines.filter(isShareTried));
  const left = leftOf(lines) - beside;
  const hours = (each: (line: Line) => number): string => `${(sumOf(lines, each) / 3600).toFixed(1)} h`;
  const text = [
    "# Faults that were tried, and what held",
    "",
    "`npm run test:faults` writes this page from the results of all points tried so far: a run goes on where the last one",
    "was stopped, and keeps the lines of points that it has not tried ([reliability.json](reliability.json) holds all of it).",
    `${looked} points, ${hours(({ seconds }) => seconds)} of all labs together, ${hours(({ clock }) => clock)} by the clock.`,
    "",
    "Calls are every exec over ssh and every program that a script of dockroute's runs on a host, counted by a shim",
    "before each program. Points are the calls after which a fault may meet a changed host: every call of a script that",
    "changes something, and one call of each look, because a look changes nothing. At a point the program ends, and its",
    "script waits until the fault is done. A program that fails or prints garbage does nothing else, and ends with 1 or 0;",
    "one that hangs ends, with 1, when the client has given it up. Points are tried evenly spread at first, then those in",
    "between. An evenly spread share has one of each few neighbours, in turn the first of them, the second and so on.",
    "Each line counts the calls of the code at its commit.",
    "",
    "After each fault these must hold: the host gives a new ssh login within the undo's time and a minute, Docker is active,",
    "the containers run that ran before, no change is pending; the same run again converges with no step by hand (`pulumi",
    "cancel` after a kill), its preview is empty, no lock, timer, temporary file or process is left, and addresses, routes,",
    "rules, nft, iptables, sysctl, units and every file of /etc are as after a run without a fault; after destroy, as before",
    "the first run.",
    "",
    "Points of a whole `up` are tried in a row: the first `up`, from nothing, is broken off at a point of each host, the next",
    "goes on and is broken off later, up to twelve times, then one runs to its end. Where an `up` survives a cut link or power",
    "cut by itself, its host meets the next one in the same `up`. All hosts may restart Docker at the same time, so that each",
    "reaches its points; a point that is tried by itself has them in turn. Up to four times routes and rules are then",
    "destroyed (`--target`) and made again with faults on the way, and the bridges stay: a script that made rules comes to",
    "its end after most faults, so it has one point in a row of `up`. The bench asks for a login after each fault, for",
    "Docker, the containers and pending changes after each `up`, and for the rest after the `up` that ran to its end (with a",
    "refresh, and at the end of a row with a preview). A point that a continued `up` does not reach is tried again as the",
    "first of a chain.",
    "",
    "## Points",
    "",
    markdown(lines),
    "",
    ...notComeTo(lines),
    ...walks(all.walks),
    "## Promises",
    "",
    "The results of the runs so far; a test that no run of the fault bench has reached yet counts as not tried here.",
    "",
    "| promise | what | fault | result |",
    "| ------- | ---- | ----- | ------ |",
    ...promises.map(
      (each) => `| ${each.letter} | ${each.promise} | ${each.fault} | ${resultOf(each, all)} |`,
    ),
    "",
    ...earlierSweeps(),
    ...notHeld(lines),
    ...heldSince(lines),
    "## Not tried",
    "",
    ...notTried.map((each) => `- ${each}`),
    ...(beside > 0
      ? [`- ${beside} of the points of the table above, which lie beside an evenly spread share.`]
      : []),
    ...(left > 0 ? [`- ${left} of the points of the table above, for want of time.`] : []),
    "",
  ].join("\n");
  writeInDocs("reliability.md", text);
}
