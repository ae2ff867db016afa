/** The sections of docs/reliability.md beside its tables of points and promises. */
import type { Line, WalkLine } from "./lines.js";
import { earlierTries, inOneLine, keyOf, type Row } from "./results.js";

/** By commit, with the violations. */
export function earlierSweeps(): readonly string[] {
  const rows = [...new Map(earlierTries().map((row) => [`${row.commit} ${keyOf(row)}`, row])).values()];
  const lines = [...new Set(rows.map(({ commit }) => commit))].map((commit) => {
    const own = rows.filter((row) => row.commit === commit);
    const wrong = own.filter((row) => row.wrong.length > 0);
    const kinds = [...new Set(wrong.map((row) => inOneLine(row.wrong)))];
    return `| ${commit} | ${own.length} | ${own.length - wrong.length} | ${kinds.join("<br>")} |`;
  });
  if (lines.length === 0) return [];
  return [
    "## Earlier sweeps",
    "",
    "The code made other calls then. Points that did not hold were mended, and are tried again above.",
    "",
    "| commit | points | held | what did not hold |",
    "| ------ | ------ | ---- | ----------------- |",
    ...lines,
    "",
  ];
}

/** The points that a sweep did not reach. */
export function notComeTo(lines: readonly Line[]): readonly string[] {
  const where = lines.flatMap(({ fault, missed }) => missed.map((each) => `${fault} at ${each}`)).sort();
  if (where.length === 0) return [];
  return [
    `${where.length} points were not reached: another host of their row was struck before, or the resources of the host met in`,
    "other scripts than when the calls were recorded. `--again` tries each by itself.",
    `${where.join(", ")}.`,
    "",
  ];
}

/** The time of a point, on the machine that it was tried on. */
export function phases(rows: readonly Row[]): string {
  const measured = rows.flatMap((row) => (row.phases === undefined ? [] : [row.phases]));
  const names = Object.keys(measured[0] ?? {});
  const whole = measured.flatMap((each) => Object.values(each)).reduce((sum, each) => sum + each, 0);
  if (whole === 0) return "";
  const parts = names.map((name) => {
    const own = measured.reduce((sum, each) => sum + (each[name] ?? 0), 0);
    return `${name} ${Math.round((100 * own) / whole)} %`;
  });
  const mean = (whole / measured.length).toFixed(1);
  return `Where the time of a resource's point went (${mean} s on average): ${parts.join(", ")}.`;
}

export function walks(all: readonly WalkLine[]): readonly string[] {
  if (all.length === 0) return [];
  const lines = all.map(
    ({ seed, steps, held, compared, minutes, commits }) =>
      `| ${seed} | ${steps} | ${held} | ${compared} | ${minutes} min | ${commits.join(", ")} |`,
  );
  const broken = all.flatMap(({ seed, wrong }) => wrong.map((each) => `- ${seed}, ${each}`));
  return [
    "## Random walks",
    "",
    "Three hosts join, leave, are pinned and unpinned, rebooted, changed by hand, and struck by a fault at a drawn call of",
    "an up. After each step the mesh is whole, a preview with refresh is empty, nothing is left over, and a host that is no",
    "member is as before. After every tenth step all are as after one up of the same config on hosts without dockroute.",
    "`npm run test:faults -- --only walk --labs 1 --seed N` takes a walk again.",
    "",
    "| seed | steps | held | compared with fresh hosts | took | at commit |",
    "| ---- | ----- | ---- | ------------------------- | ---- | --------- |",
    ...lines,
    "",
    ...(broken.length === 0 ? [] : [...broken, ""]),
  ];
}

export function notHeld(lines: readonly Line[]): readonly string[] {
  return told("What did not hold", lines, ({ wrong }) => wrong);
}

export function heldSince(lines: readonly Line[]): readonly string[] {
  return told("What did not hold at first, and held when tried again", lines, ({ mended }) => mended);
}

function told(
  title: string,
  lines: readonly Line[],
  of: (line: Line) => readonly string[],
): readonly string[] {
  const all = lines.flatMap((line) => of(line).map((each) => `- ${line.run}, ${line.fault} at ${each}`));
  return all.length === 0 ? [] : [`## ${title}`, "", ...all, ""];
}
