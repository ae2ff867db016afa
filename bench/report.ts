/** docs/performance.md and its plots: the figures, their meaning, and the machine they were taken on. */
import { type Chart, chart } from "./chart.js";
import type { Circumstances, Figures } from "./figures.js";
import { compareCharts, comparePart } from "./report-compare.js";
import { dataCharts, dataPart } from "./report-data.js";
import { engineCharts, enginePart } from "./report-engine.js";
import { memoryPart } from "./report-memory.js";

/** Files of docs/ by name. */
export function documents({ engine, memory, compare, data }: Figures): ReadonlyMap<string, string> {
  const parts = [
    engine && [...enginePart(engine.figures), ...where(engine)],
    memory && [...memoryPart(memory.figures), ...where(memory)],
    compare && [...comparePart(compare.figures), ...where(compare)],
    data && [...dataPart(data.figures, data.seconds), ...where(data)],
  ];
  const intro = [
    "# Performance",
    "",
    "Written by `npm run bench`. Do not edit it by hand. `npm run bench -- --only engine`, `memory`, `compare` or `data` runs",
    "one part and leaves the others' figures as they are; [performance.json](performance.json) holds them all.",
    "",
    "Hosts and client share one machine, so whatever a host does (sshd, Docker's restart) is in a figure too.",
    "Seconds are a median where there are several runs, with the least and the most.",
    "",
  ];
  const charts: readonly (readonly [string, Chart])[] = [
    ...(engine ? engineCharts(engine.figures) : []),
    ...(compare ? compareCharts(compare.figures) : []),
    ...(data ? dataCharts(data.figures) : []),
  ];
  const text = [...intro, ...parts.flatMap((part) => part ?? [])].join("\n");
  return new Map([
    ["performance.md", `${text.trimEnd()}\n`],
    ...charts.map(([name, drawn]) => [name, chart(drawn)] as const),
  ]);
}

/** A load that is other people's work, from which on seconds say little. */
const quiet = 1;

const where = ({ machine, programs, load }: Circumstances): readonly string[] => [
  "",
  ...(Number(load[0]) > quiet
    ? [
        `**The machine was not quiet**: its load was ${load[0]} before the bench began. Seconds are not to be relied on then;`,
        "CPU, bytes and round trips are.",
        "",
      ]
    : []),
  `The machine: ${machine}; ${programs.join(", ")}. Its load over a minute was ${load[0]} before and ${load[1]} after;`,
  "what is above 0 before is other work.",
  "",
];
