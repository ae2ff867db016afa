/** The whole three-host `up`, with a fault after points of it. */

import type { Tried } from "./calls.js";
import { strike, trapFor } from "./faults.js";
import { MeshBench } from "./mesh-bench.js";
import { standing } from "./oracle.js";
import { type Point, Queue, spread, traceOf } from "./points.js";
import { family, isAlive, kill } from "./process.js";
import { brokeOff, openPoints, type Plan, tell } from "./resource-sweep.js";

const run = "three hosts up";

export async function sweepMesh(plan: Plan, prefix: string): Promise<void> {
  const names = Array.from({ length: plan.labs }, (_, at) => `${prefix}m${at + 1}`);
  let first: MeshBench | undefined;
  const trace = await traceOf(run, async () => {
    first = await MeshBench.up(names[0] ?? prefix);
    const calls = Object.fromEntries(await first.record());
    const gone = await first.goesAway();
    if (gone.length > 0) throw new Error(`without any fault: ${gone.join("; ")}`);
    return calls;
  });
  const points = plan.faults.flatMap((fault, at) => spread(run, fault, trace, at * 5));
  const queue = new Queue(points.filter(openPoints(plan)), plan.until);
  const counts = Object.values(trace).map(({ length }) => length);
  plan.say(
    `${run}: ${counts.join(" + ")} calls on the hosts; ${points.length} points, ${queue.length} to be tried`,
  );
  await Promise.all(names.map((name, at) => work(plan, name, queue, at === 0 ? first : undefined)));
}

async function work(
  plan: Plan,
  prefix: string,
  queue: Queue<Point>,
  ready: MeshBench | undefined,
): Promise<void> {
  let bench = ready;
  try {
    for (let point = queue.next(() => 0); point !== undefined; point = queue.next(() => 0)) {
      const started = Date.now();
      const tried = await attempt(point, async () => {
        bench ??= await MeshBench.up(prefix);
        return bench;
      });
      tell(plan, prefix, point, tried, started);
      if (tried.wrong.length === 0) continue;
      await bench?.down();
      bench = undefined;
    }
  } finally {
    await bench?.down();
  }
}

async function attempt(point: Point, ready: () => Promise<MeshBench>): Promise<Tried> {
  try {
    return await tryMesh(await ready(), point);
  } catch (error) {
    return brokeOff(error);
  }
}

/** One `up` from nothing with one fault in it, the oracle, and the way back to nothing. */
async function tryMesh(bench: MeshBench, { host, fault, call: { n } }: Point): Promise<Tried> {
  const tripwire = bench.tripwire(host);
  tripwire.begin({ n, does: trapFor(fault) });
  const client = bench.startUp();
  const stands = await tripwire.hit(client.over);
  const reached = tripwire.sprung();
  const relatives = family(client.pid);
  if (stands) {
    const release = () => tripwire.release();
    await strike(fault, n, { lab: bench.lab, host, wire: bench.wire(host), client, release });
  }
  const healed = Date.now();
  const { wrong, reachMs } = await standing(bench.lab, ["box"], healed, n % 4 < 2);
  const { stdout, stderr } = await client.ended;
  tripwire.end();
  const alive = stillThere(relatives);
  const after = wrong.length > 0 ? [] : await bench.converges(reached && fault === "client killed");
  const away = wrong.length + after.length > 0 ? [] : await bench.goesAway();
  const said = /error:.*/.exec(`${stdout}${stderr}`)?.[0] ?? "";
  return { reached, wrong: [...wrong, ...alive, ...after, ...away], reachMs, said };
}

/** I4 on the client: our provider ends with its engine. Pulumi's own language host is left to Pulumi, and ended here. */
function stillThere(relatives: ReadonlyMap<number, string>): readonly string[] {
  const alive = [...relatives].filter(([id]) => isAlive(id));
  kill(alive.map(([id]) => id));
  return alive
    .filter(([, words]) => /dynamic-provider/.test(words))
    .map(([id, words]) => `I4 client: process ${id} is still there: ${words.slice(0, 120)}`);
}
