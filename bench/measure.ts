/** Runs both projects side by side, operation by operation, so that a busy moment of the machine meets both. */
import { readFileSync } from "node:fs";
import type { Ran, Stack } from "../test/support/stack.js";

export const operations = ["first up", "up, nothing to do", "refresh", "destroy"] as const;
export type Operation = (typeof operations)[number];

export interface Pair {
  readonly dockroute: Stack;
  readonly floor: Stack;
}

/** Seconds, a median of several runs where an operation can be repeated. */
export interface Figure {
  readonly operation: Operation;
  readonly hosts: number;
  readonly resources: number;
  readonly dockroute: readonly number[];
  readonly floor: readonly number[];
  /** The same in seconds of the client's CPU, which other people's work on the machine hardly changes. */
  readonly cpu: { readonly dockroute: readonly number[]; readonly floor: readonly number[] };
}

/** CPU seconds of all ended children of this process, and of theirs (proc(5), cutime and cstime). */
function childrensCpu(): number {
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  const ticksASecond = 100; // sysconf(_SC_CLK_TCK) on every Linux that Node runs on
  return (Number(fields[13]) + Number(fields[14])) / ticksASecond;
}

const work: Readonly<Record<Operation, (stack: Stack) => Promise<Ran>>> = {
  "first up": (stack) => stack.up("--continue-on-error"),
  "up, nothing to do": (stack) => stack.up("--continue-on-error", "--expect-no-changes"),
  refresh: (stack) => stack.refresh(),
  destroy: (stack) => stack.destroy("--continue-on-error"),
};

export async function measure(
  pair: Pair,
  hosts: number,
  runs: number,
  tell: (line: string) => void,
): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const operation of operations) {
    const cpu = { dockroute: [] as number[], floor: [] as number[] };
    const times = { dockroute: [] as number[], floor: [] as number[] };
    const repeatable = operation === "up, nothing to do" || operation === "refresh";
    for (let run = 0; run < (repeatable ? runs : 1); run++) {
      for (const side of ["floor", "dockroute"] as const) {
        const before = childrensCpu();
        const ran = await work[operation](pair[side]);
        if (ran.code !== 0) throw new Error(`${side}, ${operation}: ${ran.text}`);
        times[side].push(ran.seconds);
        cpu[side].push(childrensCpu() - before);
      }
      tell(`${hosts} hosts, ${operation}: ${last(times.dockroute)} s, floor ${last(times.floor)} s`);
    }
    figures.push({ operation, hosts, resources: resourcesOf(hosts), ...times, cpu });
  }
  return figures;
}

/** A bridge and two rules a host, a route to each peer, and the stack itself. */
export const resourcesOf = (hosts: number): number => hosts * 3 + hosts * (hosts - 1) + 1;

const last = (times: readonly number[]): string => (times.at(-1) ?? 0).toFixed(1);

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return Number.isInteger(middle)
    ? ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
    : (sorted[Math.floor(middle)] ?? 0);
}

export const ratio = (figure: Pick<Figure, "dockroute" | "floor">): number =>
  median(figure.dockroute) / median(figure.floor);
