/**
 * The whole three-host `up`, with a fault after every point of it. Within a look, where nothing is changed on
 * any host, one point stands for all of them: the middle one. The sweep of the single resources tries each.
 */

import { type Fault, faults, strike, trapFor } from "./faults.js";
import { MeshBench } from "./mesh-bench.js";
import { standing } from "./oracle.js";
import { family, isAlive, kill } from "./process.js";
import { commit, verdict } from "./resource-sweep.js";
import { Results, type Row } from "./results.js";
import type { Call } from "./tripwire.js";

export interface MeshPlan {
  readonly faults?: readonly Fault[];
  readonly every?: number;
  /** All points, those within looks too. */
  readonly all?: boolean;
  readonly labs: number;
  readonly say: (line: string) => void;
}

interface Point {
  readonly host: string;
  readonly call: Call;
}

const run = "three hosts up";

export async function sweepMesh(plan: MeshPlan, prefix: string): Promise<void> {
  const shares = Array.from({ length: plan.labs }, (_, share) => share);
  await Promise.all(shares.map((share) => sweepShare(plan, `${prefix}m${share + 1}`, share)));
}

async function sweepShare(plan: MeshPlan, prefix: string, share: number): Promise<void> {
  const results = new Results(`mesh-${share}-of-${plan.labs}`);
  let bench: MeshBench | undefined = await MeshBench.up(prefix);
  try {
    const traces = await bench.record();
    const calls = [...traces.values()].map(({ length }) => length);
    const points = pointsOf(traces, plan.all === true);
    if (share === 0) plan.say(`${run}: ${calls.join(" + ")} calls on the hosts, ${points.length} points`);
    const gone = await bench.goesAway();
    if (gone.length > 0) throw new Error(`without any fault: ${gone.join("; ")}`);
    for (const fault of plan.faults ?? faults) {
      for (const [at, { host, call }] of points.entries()) {
        const { n } = call;
        if (at % plan.labs !== share || at % (plan.every ?? 1) !== 0) continue;
        if (results.has({ run, fault, host, n })) continue;
        const started = Date.now();
        bench ??= await MeshBench.up(prefix);
        const tried = await tryMesh(bench, host, fault, n).catch((error: unknown) => ({
          reached: true,
          wrong: [error instanceof Error ? error.message : String(error)],
          reachMs: 0,
          said: "",
        }));
        const seconds = Math.round((Date.now() - started) / 100) / 10;
        const row: Row = { run, fault, host, n, at: call.words.slice(0, 80), ...tried, seconds, commit };
        results.add(row);
        plan.say(
          `${prefix} ${run}, ${fault} at ${host} ${n} (${row.at.slice(0, 40)}): ${verdict(row)}, ${seconds} s`,
        );
        if (tried.wrong.length > 0) {
          await bench.down();
          bench = undefined;
        }
      }
    }
  } finally {
    await bench?.down();
  }
}

/** Every call that belongs to a change, and of each look the middle one. */
export function pointsOf(traces: ReadonlyMap<string, readonly Call[]>, all: boolean): readonly Point[] {
  return [...traces].flatMap(([host, calls]) => {
    const looks = new Map<string, Call[]>();
    for (const call of calls.filter(({ changing }) => !changing)) {
      looks.set(call.session, [...(looks.get(call.session) ?? []), call]);
    }
    const middles = new Set([...looks.values()].map((look) => look[Math.floor(look.length / 2)]));
    return calls.filter((call) => all || call.changing || middles.has(call)).map((call) => ({ host, call }));
  });
}

/** One `up` from nothing with one fault in it, the oracle, and the way back to nothing. */
export async function tryMesh(bench: MeshBench, name: string, fault: Fault, n: number) {
  const tripwire = bench.tripwire(name);
  tripwire.begin({ n, does: trapFor(fault) });
  const client = bench.startUp();
  const stands = await tripwire.hit(client.over);
  const reached = tripwire.sprung();
  const relatives = [...family(client.pid).keys()];
  if (stands) {
    const release = () => tripwire.release();
    await strike(fault, n, { lab: bench.lab, host: name, wire: bench.wire(name), client, release });
  }
  const healed = Date.now();
  const { wrong, reachMs } = await standing(bench.lab, ["box"], healed, n % 4 < 2);
  const { stdout, stderr } = await client.ended;
  tripwire.end();
  const after = wrong.length > 0 ? [] : await bench.converges(reached && fault === "client killed");
  endOf(relatives);
  const away = wrong.length + after.length > 0 ? [] : await bench.goesAway();
  const said = /error:.*/.exec(`${stdout}${stderr}`)?.[0] ?? "";
  return { reached, wrong: [...wrong, ...after, ...away], reachMs, said };
}

/** Pulumi's own processes outlive an engine that was killed; what they do for us has ended by now. */
function endOf(ids: readonly number[]): void {
  kill(ids.filter(isAlive));
}
