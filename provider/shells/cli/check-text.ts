/** `npx dockroute check` as a table of all directions, and below it the reason of each red one. */

import type { Checked, Direction } from "../../check/check.js";
import { type Cell, table } from "./table.js";

export function checkText({ cells, stands, absent, closed }: Checked, colour: boolean): string {
  const names = [...new Set([...Object.keys(stands), ...Object.keys(absent)])].sort();
  const rows = names.map((from): Cell[] => [
    { text: from },
    ...names.map((to) =>
      from === to ? { text: "" } : cellOf(cells.find((each) => each.from === from && each.to === to)),
    ),
  ]);
  const red = cells.filter(({ well }) => !well).map(reasonText);
  const out = Object.entries(absent).map(([name, reason]) => `  ${name} was not checked: ${reason}\n`);
  const alone = Object.entries(stands)
    .filter(([, text]) => text.startsWith("a namespace"))
    .map(
      ([name, text]) =>
        `  ${name}: no container runs on docker0; ${text} stood in, for which Docker makes no rules\n`,
    );
  const shut = Object.entries(closed).map(([label, reason]) => `  ${label}: ${reason}\n`);
  const notes = [...red, ...out, ...alone, ...shut];
  return table(["from \\ to", ...names], rows, colour) + (notes.length === 0 ? "" : `\n${notes.join("")}`);
}

function cellOf(direction: Direction | undefined): Cell {
  if (direction === undefined) return { text: "-", tone: "faint" };
  const { well, wrong, roundTrip } = direction;
  if (!well)
    return {
      text: `no ${wrong.join(" ")}`.replace("no source", "hidden").replace("no size", "size"),
      tone: "bad",
    };
  return { text: `${(roundTrip ?? 0).toFixed(2)} ms`, tone: "good" };
}

function reasonText({ from, to, reason, wrong }: Direction): string {
  if (reason === undefined)
    return `  ${from} -> ${to}: ${wrong.join(", ")} lost; not traced, see to the reasons above first\n`;
  return `  ${from} -> ${to}: ${reason.where}: ${reason.why}\n      ${reason.todo}\n`;
}

/** 0 all is well, 1 a direction is red, 2 a host was not checked. */
export function checkCode({ cells, absent }: Checked): number {
  if (Object.keys(absent).length > 0) return 2;
  return cells.some(({ well }) => !well) ? 1 : 0;
}
