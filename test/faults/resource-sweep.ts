/** Every point of create, update and delete of each resource, with every fault: several labs side by side. */
import { execFileSync } from "node:child_process";
import { root } from "../support/stack.js";
import { type Fault, faults, programFaults } from "./faults.js";
import { ResourceBench, type Tried } from "./resource-bench.js";
import { Results, type Row } from "./results.js";
import { type Case, type Transition, transitions } from "./transitions.js";
import type { Call } from "./tripwire.js";

export interface Plan {
  readonly image: string;
  readonly kinds?: readonly string[];
  readonly faults?: readonly Fault[];
  /** Only every so many points. */
  readonly every?: number;
  readonly labs: number;
  readonly say: (line: string) => void;
}

export const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], {
  cwd: root,
  encoding: "utf8",
}).trim();

/** Points are dealt out to the labs; one that has had every point of its share before does not even boot. */
export async function sweepResources(plan: Plan, prefix: string): Promise<void> {
  const shares = Array.from({ length: plan.labs }, (_, share) => share);
  await Promise.all(shares.map((share) => new Worker(plan, `${prefix}${share + 1}`, share).run()));
}

class Worker {
  private readonly results: Results;
  private bench: ResourceBench | undefined;

  constructor(
    private readonly plan: Plan,
    private readonly prefix: string,
    private readonly share: number,
  ) {
    this.results = new Results(`${plan.image}-${share}-of-${plan.labs}`);
  }

  async run(): Promise<void> {
    try {
      const { all } = await this.ready();
      for (const { kind } of all) {
        if (this.plan.kinds?.includes(kind) !== false) await this.sweep(kind);
      }
    } finally {
      await this.bench?.down();
    }
  }

  private async ready(): Promise<ResourceBench> {
    this.bench ??= await ResourceBench.up(this.prefix, this.plan.image);
    return this.bench;
  }

  /** A lab with the case chosen: after something did not hold, a new one, or one fault would be told many times. */
  private async chosen(kind: string): Promise<ResourceBench> {
    const bench = await this.ready();
    if (bench.chosen !== kind) await bench.choose(bench.all.find((one) => one.kind === kind) as Case);
    return bench;
  }

  private async sweep(kind: string): Promise<void> {
    const bench = await this.chosen(kind);
    const traces = new Map<Transition, readonly Call[]>();
    for (const transition of transitions) traces.set(transition, await bench.record(transition));
    const longest = Math.max(...[...traces.values()].map(({ length }) => length));
    for (const fault of this.plan.faults ?? [...faults, ...programFaults]) {
      // create and delete in turn, so that each is the other's way back; an update is its own.
      for (let n = 1; n <= longest; n++) await this.points(kind, fault, ["create", "delete"], n, traces);
      for (let n = 1; n <= longest; n++) await this.points(kind, fault, ["update"], n, traces);
    }
  }

  private async points(
    kind: string,
    fault: Fault,
    ways: readonly Transition[],
    n: number,
    traces: ReadonlyMap<Transition, readonly Call[]>,
  ): Promise<void> {
    if (n % this.plan.labs !== this.share || n % (this.plan.every ?? 1) !== 0) return;
    for (const transition of ways) {
      const call = traces.get(transition)?.[n - 1];
      const run = `${this.plan.image} ${kind} ${transition}`;
      if (call === undefined || this.results.has({ run, fault, host: "alpha", n })) continue;
      const started = Date.now();
      const tried = await this.attempt(kind, transition, fault, n);
      const seconds = Math.round((Date.now() - started) / 100) / 10;
      const row: Row = {
        run,
        fault,
        host: "alpha",
        n,
        at: call.words.slice(0, 80),
        ...tried,
        seconds,
        commit,
      };
      this.results.add(row);
      this.plan.say(
        `${this.prefix} ${run}, ${fault} at ${n} (${row.at.slice(0, 40)}): ${verdict(row)}, ${seconds} s`,
      );
    }
  }

  private async attempt(kind: string, transition: Transition, fault: Fault, n: number): Promise<Tried> {
    let tried: Tried;
    try {
      tried = await (await this.chosen(kind)).try(transition, fault, n);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      tried = { reached: true, wrong: [text], reachMs: 0, said: "" };
    }
    if (tried.wrong.length > 0) {
      await this.bench?.down();
      this.bench = undefined;
    }
    return tried;
  }
}

export function verdict({ reached, wrong }: Pick<Row, "reached" | "wrong">): string {
  if (wrong.length > 0) return `DID NOT HOLD: ${wrong.slice(0, 5).join("; ").slice(0, 1500)}`;
  return reached ? "held" : "not reached";
}
