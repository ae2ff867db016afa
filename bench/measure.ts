/** Runs both projects side by side, operation by operation, so that a busy moment of the machine meets both. */
import type { Ran, Stack } from "../test/support/stack.js";
import type { Meter } from "./meter.js";

export const operations = ["first up", "up, nothing to do", "refresh", "destroy"] as const;
export type Operation = (typeof operations)[number];
export const sides = ["floor", "dockroute"] as const;
export type Side = (typeof sides)[number];

/** A value a run, of each side. */
export type Both = Readonly<Record<Side, readonly number[]>>;

export interface Figure {
  readonly operation: Operation;
  readonly hosts: number;
  readonly resources: number;
  /** Milliseconds that a round trip to a host takes longer; the floor has none. */
  readonly delay: number;
  readonly seconds: Both;
  /** Seconds of the client's CPU, which other people's work on the machine hardly changes. */
  readonly cpu: Both;
  /** MiB of the largest provider process. */
  readonly peak: Readonly<Record<Side, number>>;
  /** Bytes of the exported state, after the operation. */
  readonly state: Readonly<Record<Side, number>>;
}

export interface Pair {
  readonly stacks: Readonly<Record<Side, Stack>>;
  readonly meter: Meter;
  readonly hosts: number;
  readonly runs: number;
  tell(line: string): void;
}

const work: Readonly<Record<Operation, (stack: Stack) => Promise<Ran>>> = {
  "first up": (stack) => stack.up("--continue-on-error"),
  "up, nothing to do": (stack) => stack.up("--continue-on-error", "--expect-no-changes"),
  refresh: (stack) => stack.refresh(),
  destroy: (stack) => stack.destroy("--continue-on-error"),
};

/** @param delay as the wires are now */
export async function measure(pair: Pair, operation: Operation, delay: number): Promise<Figure> {
  const { stacks, meter, hosts, runs, tell } = pair;
  const seconds = { dockroute: [] as number[], floor: [] as number[] };
  const cpu = { dockroute: [] as number[], floor: [] as number[] };
  const peak = { dockroute: 0, floor: 0 };
  const repeatable = operation === "up, nothing to do" || operation === "refresh";
  for (let run = 0; run < (repeatable ? runs : 1); run++) {
    for (const side of sides) {
      const { result: ran, used } = await meter.during(() => work[operation](stacks[side]));
      if (ran.code !== 0) throw new Error(`${side}, ${operation}: ${ran.text}`);
      seconds[side].push(used.seconds);
      cpu[side].push(used.cpu);
      peak[side] = Math.max(peak[side], used.peak);
    }
    const [ours, floor] = [seconds.dockroute, seconds.floor].map((all) => (all.at(-1) ?? 0).toFixed(1));
    tell(`${hosts} hosts, ${delay} ms, ${operation}: ${ours} s, floor ${floor} s`);
  }
  const state = {
    dockroute: (await stacks.dockroute.export()).length,
    floor: (await stacks.floor.export()).length,
  };
  return { operation, hosts, resources: resourcesOf(hosts), delay, seconds, cpu, peak, state };
}

/** A bridge and two rules a host, a route to each peer, and the stack itself. */
export const resourcesOf = (hosts: number): number => hosts * 3 + hosts * (hosts - 1) + 1;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return Number.isInteger(middle)
    ? ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
    : (sorted[Math.floor(middle)] ?? 0);
}

export const ratio = (both: Both): number => median(both.dockroute) / median(both.floor);
