/** Every point of create, update and delete of each resource, with every fault: several labs side by side. */

import type { Tried } from "./calls.js";
import { compiledClient } from "./compiled.js";
import type { Fault } from "./faults.js";
import { earliest, type Point, percentOf, Queue, spread, type Trace, traceOf } from "./points.js";
import { ResourceBench } from "./resource-bench.js";
import { addRow, allRows, commit, keyOf, type Row } from "./results.js";
import { type Case, kinds, type Transition, transitions } from "./transitions.js";

export interface Plan {
  readonly faults: readonly Fault[];
  readonly labs: number;
  /** The time from which no further point is begun. */
  readonly until: number;
  /** The share of the points that is tried, in percent, evenly spread. */
  readonly share: number;
  /** True tries points again that did not hold. */
  readonly again: boolean;
  /** True tries every point, also one whose result is known. */
  readonly anew?: boolean;
  /** The most points that are tried, the earliest rounds first, which are evenly spread; all by default. */
  readonly most?: number;
  readonly say: (line: string) => void;
}

export interface ResourcePlan extends Plan {
  readonly image: string;
  readonly kinds: readonly string[];
  /** All by default. */
  readonly transitions?: readonly Transition[];
  /** The image on which the calls are recorded; by default that on which the points are tried. */
  readonly recordedOn?: string;
}

interface ResourcePoint extends Point {
  readonly kind: string;
  readonly transition: Transition;
}

/** A lab takes the next point when it is through with its last. */
export async function sweepResources(plan: ResourcePlan, prefix: string): Promise<void> {
  const traces = await record(plan, `${prefix}1`);
  const open = openPoints(plan);
  const points = kinds.flatMap((kind) =>
    plan.kinds.includes(kind)
      ? transitionsOf(plan).flatMap((transition) => pointsOf(plan, kind, transition, traces))
      : [],
  );
  const queue = new Queue(earliest(points.filter(open), plan.most), plan.until);
  plan.say(`${plan.image}: ${points.length} points, ${queue.length} of them to be tried`);
  const labs = Array.from({ length: Math.min(plan.labs, queue.length) }, (_, at) => `${prefix}${at + 1}`);
  const told = plan.most === undefined ? plan : { ...plan, share: percentOf(plan.most, points.length) };
  await Promise.all(labs.map((name) => new Worker(told, name, queue).run()));
}

/** Chooses the points still to be tried; with `again`, those that did not hold or were not come to. */
export function openPoints({ again, anew }: Pick<Plan, "again" | "anew">): (point: Point) => boolean {
  if (anew === true) return () => true;
  const rows = allRows();
  const tried = new Set(rows.map(keyOf));
  const failed = new Set(rows.filter(({ wrong, reached }) => wrong.length > 0 || !reached).map(keyOf));
  return ({ run, fault, host, call: { n } }) => {
    const key = keyOf({ run, fault, host, n });
    return again ? failed.has(key) : !tried.has(key);
  };
}

const transitionsOf = (plan: ResourcePlan): readonly Transition[] => plan.transitions ?? transitions;

const nameOf = (image: string, kind: string, transition: Transition): string =>
  `${image} ${kind} ${transition}`;

function pointsOf(
  plan: ResourcePlan,
  kind: string,
  transition: Transition,
  traces: ReadonlyMap<string, Trace>,
): readonly ResourcePoint[] {
  const run = nameOf(plan.image, kind, transition);
  const trace = traces.get(run) ?? {};
  return plan.faults.flatMap((fault) =>
    spread(run, fault, trace, plan.share).map((point) => ({ ...point, kind, transition })),
  );
}

/** The calls of each transition when nothing goes wrong; a lab is booted only for those not known yet. */
async function record(plan: ResourcePlan, prefix: string): Promise<ReadonlyMap<string, Trace>> {
  const traces = new Map<string, Trace>();
  let bench: ResourceBench | undefined;
  const chosen = async (kind: string): Promise<ResourceBench> => {
    bench ??= await ResourceBench.up(prefix, plan.recordedOn ?? plan.image, await compiledClient());
    if (bench.chosen !== kind) await bench.choose(caseOf(bench, kind));
    return bench;
  };
  try {
    for (const kind of plan.kinds) {
      for (const transition of transitionsOf(plan)) {
        const run = nameOf(plan.image, kind, transition);
        const ask = async () => ({ alpha: await (await chosen(kind)).record(transition) });
        const trace = await traceOf(run, ask, plan.anew);
        traces.set(run, trace);
      }
    }
    return traces;
  } finally {
    await bench?.down();
  }
}

function caseOf(bench: ResourceBench, kind: string): Case {
  const found = bench.all.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`there is no resource ${kind}`);
  return found;
}

class Worker {
  private bench: ResourceBench | undefined;

  constructor(
    private readonly plan: ResourcePlan,
    private readonly prefix: string,
    private readonly queue: Queue<ResourcePoint>,
  ) {}

  async run(): Promise<void> {
    try {
      for (let point = this.next(); point !== undefined; point = this.next()) {
        const started = Date.now();
        const tried = await this.attempt(point);
        tell(this.plan, this.prefix, point, tried, Date.now() - started);
      }
    } finally {
      await this.bench?.down();
    }
  }

  /** create and delete in turn, so that each is the other's way back; another kind only when there is no more of this. */
  private next(): ResourcePoint | undefined {
    const { chosen, place } = this.bench ?? { chosen: undefined, place: "absent" };
    return this.queue.next(
      ({ kind, transition }) =>
        (kind === chosen ? 2 : 0) + ((transition === "create") === (place === "absent") ? 1 : 0),
    );
  }

  /** After something did not hold, a new lab, or one fault would be told many times. */
  private async attempt({ kind, transition, fault, call }: ResourcePoint): Promise<Tried> {
    const tried = await this.chosen(kind)
      .then((bench) => bench.try(transition, fault, call.n))
      .catch(brokeOff);
    if (tried.wrong.length > 0) {
      await this.bench?.down();
      this.bench = undefined;
    }
    return tried;
  }

  private async chosen(kind: string): Promise<ResourceBench> {
    this.bench ??= await ResourceBench.up(this.prefix, this.plan.image, await compiledClient());
    const places = transitionsOf(this.plan).includes("update") ? ([0, 1] as const) : ([0] as const);
    if (this.bench.chosen !== kind) await this.bench.choose(caseOf(this.bench, kind), places);
    return this.bench;
  }
}

/** The bench itself came to its end: that is not held either. */
export function brokeOff(error: unknown): Tried {
  return {
    reached: true,
    wrong: [error instanceof Error ? error.message : String(error)],
    reachMs: 0,
    said: "",
  };
}

/** Keeps the result of a point, and prints it. */
export function tell(plan: Plan, prefix: string, point: Point, tried: Tried, ms: number): void {
  const { run, fault, host, call } = point;
  const seconds = Math.round(ms / 100) / 10;
  const row: Row = {
    run,
    fault,
    host,
    n: call.n,
    ...tried,
    at: (tried.at ?? call.words).slice(0, 80),
    seconds,
    labs: plan.labs,
    share: plan.share,
    commit,
  };
  addRow(row);
  const where = `${host} ${call.n} (${row.at.slice(0, 40)})`;
  plan.say(`${prefix} ${run}, ${fault} at ${where}: ${verdict(row)}, ${seconds} s`);
}

function verdict({ reached, wrong }: Row): string {
  if (wrong.length > 0) return `DID NOT HOLD: ${wrong.slice(0, 5).join("; ").slice(0, 1500)}`;
  return reached ? "held" : "not reached";
}
