/** The points that are tried, in their order: evenly spread at first, then those in between. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Fault, faults, programFaults } from "./faults.js";
import { resultsFolder } from "./results.js";
import type { Call } from "./tripwire.js";

export interface Point {
  readonly run: string;
  readonly fault: Fault;
  readonly host: string;
  readonly call: Call;
  /** 0 is the first of its run, 1 the second, 2 the next two, 3 the next four. */
  readonly round: number;
}

/** Calls by host. */
export type Trace = Readonly<Record<string, readonly Call[]>>;

/**
 * Every call that belongs to a change, and of each look the middle one: a look changes nothing, so one point of
 * it stands for all.
 */
export function worthTrying(calls: readonly Call[]): readonly Call[] {
  const looks = new Map<string, Call[]>();
  for (const call of calls.filter(({ changing }) => !changing)) {
    looks.set(call.session, [...(looks.get(call.session) ?? []), call]);
  }
  const middles = new Set([...looks.values()].map((look) => look[Math.floor(look.length / 2)]));
  return calls.filter((call) => call.changing || middles.has(call));
}

/** The number of points in an evenly spread share of so many. */
export function shareOf(count: number, percent: number): number {
  return Math.ceil((count * percent) / 100);
}

/**
 * An evenly spread share: one of each few neighbours, in turn the first of them, the second and so on. At a fixed
 * distance each point would meet the same form of its fault.
 */
export function evenShare<T>(all: readonly T[], percent: number, shift: number): readonly T[] {
  const startOf = (at: number): number => Math.floor((at * 100) / percent);
  return Array.from({ length: shareOf(all.length, percent) }, (_, at) => {
    const neighbours = all.slice(startOf(at), startOf(at + 1));
    return neighbours[(at + shift) % neighbours.length];
  }).filter((each) => each !== undefined);
}

/** The first point of a fault, so that the first rounds and the shares of several faults try different points. */
function shiftOf(fault: Fault): number {
  return [...faults, ...programFaults, "reboot"].indexOf(fault) * 5;
}

/** @param percent the share of the points that is tried */
export function spread(run: string, fault: Fault, trace: Trace, percent: number): readonly Point[] {
  const shift = shiftOf(fault);
  const every = Object.entries(trace).flatMap(([host, calls]) =>
    worthTrying(calls).map((call) => ({ run, fault, host, call })),
  );
  const all = evenShare(every, percent, shift);
  const width = Math.ceil(Math.log2(Math.max(2, all.length)));
  const rankOf = (at: number): number =>
    Number.parseInt([...at.toString(2).padStart(width, "0")].reverse().join(""), 2);
  const ranked = all.map((_, at) => ({ rank: rankOf(at), point: all[(at + shift) % all.length] }));
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .flatMap(({ point }, place) =>
      point === undefined ? [] : [{ ...point, round: Math.ceil(Math.log2(place + 1)) }],
    );
}

/** The percentage that a sample is of so many points, at least one. */
export function percentOf(most: number, count: number): number {
  return Math.min(100, Math.max(1, Math.floor((100 * most) / Math.max(1, count))));
}

/** So many of the earliest rounds. */
export function earliest<P extends Point>(points: readonly P[], most = points.length): readonly P[] {
  return [...points].sort((a, b) => a.round - b.round).slice(0, most);
}

/** The points that several labs take theirs from. */
export class Queue<P extends Point> {
  private readonly left: P[];

  constructor(
    points: readonly P[],
    private readonly until = Number.POSITIVE_INFINITY,
  ) {
    this.left = [...points].sort((a, b) => a.round - b.round);
  }

  get length(): number {
    return this.left.length;
  }

  /** The point of the earliest round that suits best; none when the time is over. */
  next(suits: (point: P) => number): P | undefined {
    const [first] = this.left;
    if (first === undefined || Date.now() > this.until) return undefined;
    const round = this.left.filter((point) => point.round === first.round);
    const [best = first] = round.sort((a, b) => suits(b) - suits(a));
    this.left.splice(this.left.indexOf(best), 1);
    return best;
  }
}

/**
 * A recorded trace is kept, so that a later run counts calls by the same numbers.
 * @param anew that it is recorded all the same
 */
export async function traceOf(run: string, record: () => Promise<Trace>, anew = false): Promise<Trace> {
  const file = join(resultsFolder, `${run.replaceAll(" ", "_")}.trace.json`);
  if (!anew && existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as Trace;
  const trace = await record();
  mkdirSync(resultsFolder, { recursive: true });
  writeFileSync(file, JSON.stringify(trace));
  return trace;
}
