/** The whole three-host `up`, with a fault after every point of it: several labs side by side. */

import type { HostSpec } from "../../lab/lab.js";
import { threeHosts } from "../support/scene.js";
import { Chains, type MeshPoint, type Size } from "./chains.js";
import { compiledProject } from "./compiled.js";
import { landmarks } from "./landmarks.js";
import { MeshBench } from "./mesh-bench.js";
import { type RowTried, tryRow } from "./mesh-chain.js";
import { earliest, type Point, percentOf, spread, type Trace, traceOf } from "./points.js";
import { brokeOff, openPoints, type Plan, tell } from "./resource-sweep.js";
import type { Call } from "./tripwire.js";

/** The hosts that are brought up, and those of them that are struck. */
export interface Course {
  readonly run: string;
  readonly hosts: readonly HostSpec[];
  /** The hosts on which the calls are recorded; by default those on which the points are tried. */
  readonly recordedOn?: readonly HostSpec[];
  /** All by default. */
  readonly struck?: readonly string[];
  /** The number of `up` that are broken off in a chain before one is left alone, and the points meant for them. */
  readonly rounds: number;
  readonly size: Size;
}

export const ofThree: Course = {
  run: "three hosts up",
  hosts: threeHosts,
  rounds: 12,
  size: { points: 16, more: 4 },
};

export async function sweepMesh(plan: Plan, prefix: string, course = ofThree): Promise<void> {
  const names = Array.from({ length: plan.labs }, (_, at) => `${prefix}m${at + 1}`);
  let first: MeshBench | undefined;
  const { run, hosts, recordedOn = hosts, struck } = course;
  const record = async (): Promise<Trace> => {
    const bench = await newBench(names[0] ?? prefix, recordedOn);
    const calls = [...(await bench.record())].filter(([name]) => struck?.includes(name) ?? true);
    const gone = await bench.goesAway();
    if (gone.length > 0) throw new Error(`without any fault: ${gone.join("; ")}`);
    if (recordedOn === hosts) first = bench;
    else await bench.down();
    return Object.fromEntries(calls);
  };
  const trace = await traceOf(run, record, plan.anew);
  const points = pointsOf(plan, run, trace);
  // A point that did not hold in a row, or was not come to, is tried again by itself.
  const open = earliest(points.filter(openPoints(plan)), plan.most);
  const chains = new Chains(open, plan.again ? { points: 1, hosts: 1 } : course.size);
  const counts = Object.values(trace).map(({ length }) => length);
  plan.say(
    `${run}: ${counts.join(" + ")} calls on the hosts; ${points.length} points, ${chains.length} to be tried`,
  );
  const told = plan.most === undefined ? plan : { ...plan, share: percentOf(plan.most, points.length) };
  await Promise.all(names.map((name, at) => work(told, name, chains, course, at === 0 ? first : undefined)));
}

function pointsOf(plan: Plan, run: string, trace: Trace): readonly MeshPoint[] {
  const places = new Map(Object.entries(trace).map(([host, calls]) => [host, landmarks(calls)]));
  return plan.faults.flatMap((fault) =>
    spread(run, fault, trace, plan.share).map((point) => {
      const place = places.get(point.host)?.get(point.call.n);
      const once = comesToItsEnd(point, trace);
      return { ...point, ...(place && { place }), once, onBridge: comesAfterBridge(point, trace) };
    }),
  );
}

/** After a power cut a script does not; and a transaction's work is taken back, unless the link is back in time. */
function comesToItsEnd({ fault, host, call }: Point, trace: Trace): boolean {
  const isTransaction = transaction(trace[host]).some(({ session }) => session === call.session);
  return fault !== "power cut" && !(isTransaction && (fault === "client killed" || call.n % 2 === 1));
}

/** Routes and rules are made when docker0 has its address. */
function comesAfterBridge({ host, call }: Point, trace: Trace): boolean {
  const last = transaction(trace[host]).at(-1);
  return call.changing && last !== undefined && call.n > last.n;
}

/** The calls of the change that may be taken back. */
function transaction(calls: readonly Call[] = []): readonly Call[] {
  const begins = (call: Call): boolean => call.words.startsWith("mkdir -m 700 /etc/dockroute/pending");
  const sessions = new Set(calls.filter(begins).map(({ session }) => session));
  return calls.filter(({ session }) => sessions.has(session));
}

async function work(
  plan: Plan,
  prefix: string,
  chains: Chains,
  course: Course,
  ready: MeshBench | undefined,
): Promise<void> {
  let bench = ready;
  try {
    while (Date.now() < plan.until) {
      const row = chains.next();
      if (row === undefined) break;
      const points = row.flatMap((chain) => [...chain.values()].flat());
      const started = Date.now();
      const tried = await (async () => {
        bench ??= await newBench(prefix, course.hosts);
        return tryRow(bench, row, { rounds: plan.again ? 1 : course.rounds, until: plan.until });
      })().catch((error: unknown) => brokenOff(points, error));
      note(plan, prefix, chains, tried, started);
      if (tried.wrong.length === 0) continue;
      await bench?.down();
      bench = undefined;
    }
  } finally {
    await bench?.down();
  }
}

async function newBench(prefix: string, hosts: readonly HostSpec[]): Promise<MeshBench> {
  return MeshBench.up(prefix, hosts, await compiledProject());
}

/** The bench itself came to its end, at whichever of them. */
function brokenOff(points: readonly MeshPoint[], error: unknown): RowTried {
  const { wrong } = brokeOff(error);
  const hits = points.map((point) => ({ point, at: point.call.words, reachMs: 0, said: "" }));
  return { hits, wrong, missed: new Map() };
}

/** Tells of each point of the row the conditions that do not hold: the trials anew find the point at fault. */
function note(plan: Plan, prefix: string, chains: Chains, tried: RowTried, started: number): void {
  const { hits, missed, wrong } = tried;
  // A condition that does not hold is told also where no point was come to.
  const all = wrong.length > 0 && hits.length === 0;
  const never = [...missed].filter(([, why]) => all || why === "not there").map(([point]) => point);
  const share = (Date.now() - started) / (hits.length + never.length);
  for (const { point, ...rest } of hits) {
    tell(plan, prefix, point, { reached: true, wrong, ...rest }, share);
  }
  for (const point of never) {
    tell(plan, prefix, point, { reached: false, wrong, reachMs: 0, said: "" }, share);
  }
  for (const [point, why] of missed) if (!never.includes(point)) chains.putBack(point, why === "passed");
}
