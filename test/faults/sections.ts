/** What docs/reliability.md says besides its tables of points and promises. */
import { earlierTries, keyOf, type Row } from "./results.js";
import { walked } from "./walk/walk.js";

/** By commit, and in what those points differ that did not hold. */
export function earlierSweeps(): readonly string[] {
  const rows = [...new Map(earlierTries().map((row) => [`${row.commit} ${keyOf(row)}`, row])).values()];
  const lines = [...new Set(rows.map(({ commit }) => commit))].map((commit) => {
    const own = rows.filter((row) => row.commit === commit);
    const wrong = own.filter((row) => row.wrong.length > 0);
    const kinds = [...new Set(wrong.map((row) => oneLine(row.wrong)))];
    return `| ${commit} | ${own.length} | ${own.length - wrong.length} | ${kinds.join("<br>")} |`;
  });
  if (lines.length === 0) return [];
  return [
    "## Earlier sweeps",
    "",
    "Of code that made other calls. What did not hold then was mended, and is tried again above.",
    "",
    "| commit | points | held | what did not hold |",
    "| ------ | ------ | ---- | ----------------- |",
    ...lines,
    "",
  ];
}

/** What a sweep looked for in vain. */
export function notComeTo(rows: readonly Row[]): readonly string[] {
  const missed = rows.filter(({ reached }) => !reached);
  if (missed.length === 0) return [];
  const where = missed.map(({ fault, host, n }) => `${fault} at ${host} ${n}`).sort();
  return [
    `${missed.length} points were looked for and not come to: another host of their row was struck before, or the resources of`,
    "the host met in other scripts than when the calls were recorded. `--again` tries each by itself.",
    `${where.join(", ")}.`,
    "",
  ];
}

/** What a point costs, on the machine that it was tried on. */
export function phases(rows: readonly Row[]): readonly string[] {
  const measured = rows.flatMap((row) => (row.phases === undefined ? [] : [row.phases]));
  const names = Object.keys(measured[0] ?? {});
  const whole = measured.flatMap((each) => Object.values(each)).reduce((sum, each) => sum + each, 0);
  if (whole === 0) return [];
  const parts = names.map((name) => {
    const own = measured.reduce((sum, each) => sum + (each[name] ?? 0), 0);
    return `${name} ${Math.round((100 * own) / whole)} %`;
  });
  const mean = (whole / measured.length).toFixed(1);
  return [`Where the time of a resource's point went (${mean} s on average): ${parts.join(", ")}.`, ""];
}

/** By seed, the newest steps of each. */
export function walks(): readonly string[] {
  const rows = walked();
  const seeds = [...new Set(rows.map(({ seed }) => seed))];
  const lines = seeds.map((seed) => {
    const own = rows.filter((row) => row.seed === seed);
    const held = own.filter(({ wrong }) => wrong.length === 0).length;
    const tens = own.filter(({ step, wrong }) => step % 10 === 0 && wrong.length === 0).length;
    const minutes = own.reduce((sum, { seconds }) => sum + seconds, 0) / 60;
    return `| ${seed} | ${own.length} | ${held} | ${tens} | ${minutes.toFixed(0)} min |`;
  });
  if (lines.length === 0) return [];
  const broken = rows.filter(({ wrong }) => wrong.length > 0);
  return [
    "## Random walks",
    "",
    "Three hosts that join, leave, are pinned and unpinned, rebooted, changed by hand, and struck by a fault at a drawn",
    "call of an up. After each step the mesh is whole, a preview with refresh is empty, nothing is left over, and who",
    "is no member is as before. After every tenth: as after one up of the same config on hosts without dockroute.",
    "`npm run test:faults -- --only walk --labs 1 --seed N` takes a walk again.",
    "",
    "| seed | steps | held | compared with fresh hosts | took |",
    "| ---- | ----- | ---- | ------------------------- | ---- |",
    ...lines,
    "",
    ...broken.map(({ seed, step, what, wrong }) => `- ${seed}, step ${step} (${what}): ${oneLine(wrong)}`),
    ...(broken.length === 0 ? [] : [""]),
  ];
}

function oneLine(wrong: readonly string[]): string {
  return wrong
    .join("; ")
    .replace(/\S*\/node_modules\//g, "")
    .replace(/\s+/g, " ")
    .replaceAll("|", "\\|")
    .slice(0, 400);
}

/** By what did not hold: one fault may be told of each point of a row. */
export function heldSince(rows: readonly Row[]): readonly string[] {
  if (rows.length === 0) return [];
  const byWrong = new Map<string, Row[]>();
  for (const row of rows) {
    const wrong = `${row.commit}: ${oneLine(row.wrong)}`;
    byWrong.set(wrong, [...(byWrong.get(wrong) ?? []), row]);
  }
  const lines = [...byWrong].map(([wrong, [first, ...more]]) => {
    const where = first === undefined ? "" : `${first.run}, ${first.fault} at ${first.host} ${first.n}`;
    return `- at ${wrong} (${where}${more.length === 0 ? "" : ` and ${more.length} more of its row`})`;
  });
  return ["## What did not hold at first, and held when tried again", "", ...lines, ""];
}

export function inWords({ run, fault, host, n, at, wrong }: Row): string {
  return `- ${run}, ${fault} at ${host} ${n} (\`${at.replaceAll("`", "'").replaceAll("|", "\\|")}\`): ${oneLine(wrong)}`;
}
