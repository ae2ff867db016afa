/** Runs both projects side by side, operation by operation, so that a busy moment of the machine meets both. */
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
    const times = { dockroute: [] as number[], floor: [] as number[] };
    const repeatable = operation === "up, nothing to do" || operation === "refresh";
    for (let run = 0; run < (repeatable ? runs : 1); run++) {
      for (const side of ["floor", "dockroute"] as const) {
        const ran = await work[operation](pair[side]);
        if (ran.code !== 0) throw new Error(`${side}, ${operation}: ${ran.text}`);
        times[side].push(ran.seconds);
      }
      tell(`${hosts} hosts, ${operation}: ${last(times.dockroute)} s, floor ${last(times.floor)} s`);
    }
    figures.push({ operation, hosts, resources: resourcesOf(hosts), ...times });
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

export const ratio = (figure: Figure): number => median(figure.dockroute) / median(figure.floor);
