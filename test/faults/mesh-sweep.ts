/**
 * The whole three-host `up`, with a fault after points of it. A link or the power is cut at a point of each host in
 * the same run, since a host is to be hurt by none of the others' faults; the client is killed at one.
 */

import type { Tried } from "./calls.js";
import { strike, trapFor } from "./faults.js";
import { MeshBench } from "./mesh-bench.js";
import { standing } from "./oracle.js";
import { type Point, Queue, spread, traceOf } from "./points.js";
import { family, isAlive, kill, type Started } from "./process.js";
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
  const alone = new Set<Point>();
  try {
    for (let point = queue.next(() => 0); point !== undefined; point = queue.next(() => 0)) {
      const points = alone.has(point) ? [point] : [point, ...companyOf(point, queue, alone)];
      const started = Date.now();
      const all = await attempt(points, async () => {
        bench ??= await MeshBench.up(prefix);
        return bench;
      });
      for (const [at, tried] of all.entries()) {
        const own = points[at] ?? point;
        if (tried.reached || points.length === 1) tell(plan, prefix, own, tried, started);
        else {
          // Another's fault may have been in its way.
          alone.add(own);
          queue.putBack(own);
        }
      }
      if (all.every(({ wrong }) => wrong.length === 0)) continue;
      await bench?.down();
      bench = undefined;
    }
  } finally {
    await bench?.down();
  }
}

/** For each other host a point with the same fault. */
function companyOf(point: Point, queue: Queue<Point>, alone: ReadonlySet<Point>): readonly Point[] {
  const company: Point[] = [];
  const suits = (other: Point) =>
    other.fault === point.fault &&
    !alone.has(other) &&
    ![point, ...company].some(({ host }) => host === other.host);
  while (point.fault !== "client killed") {
    const one = queue.also(suits);
    if (one === undefined) break;
    company.push(one);
  }
  return company;
}

async function attempt(points: readonly Point[], ready: () => Promise<MeshBench>): Promise<readonly Tried[]> {
  try {
    return await tryMesh(await ready(), points);
  } catch (error) {
    return points.map(() => brokeOff(error));
  }
}

/** One `up` from nothing with a fault in it on each of the points' hosts, the oracle, and the way back to nothing. */
async function tryMesh(bench: MeshBench, points: readonly Point[]): Promise<readonly Tried[]> {
  for (const { host, fault, call } of points) {
    bench.tripwire(host).begin({ n: call.n, does: trapFor(fault) });
  }
  const client = bench.startUp();
  const hits = await Promise.all(points.map((point) => hitAt(bench, point, client)));
  const relatives = new Map(hits.flatMap((hit) => [...hit.relatives]));
  const killed = hits.some(({ reached, fault }) => reached && fault === "client killed");
  const variant = (points[0]?.call.n ?? 0) % 4;
  const { wrong, reachMs } = await standing(bench.lab, ["box"], Date.now(), variant < 2);
  const { stdout, stderr } = await client.ended;
  for (const { host } of points) bench.tripwire(host).end();
  const alive = stillThere(relatives);
  const after = wrong.length > 0 ? [] : await bench.converges(killed);
  const away = wrong.length + after.length > 0 ? [] : await bench.goesAway();
  const said = /error:.*/.exec(`${stdout}${stderr}`)?.[0] ?? "";
  const all = [...wrong, ...alive, ...after, ...away];
  return hits.map(({ reached, at }) => ({ reached, wrong: all, reachMs, said, ...(at && { at }) }));
}

/** Waits until a program stands still there, and does what is to be done to it. */
async function hitAt(bench: MeshBench, { host, fault, call: { n } }: Point, client: Started) {
  const tripwire = bench.tripwire(host);
  const stands = await tripwire.hit(client.over);
  const reached = tripwire.sprung();
  const relatives = family(client.pid);
  // The engine makes resources in no fixed order, so it may be another call than when the trace was recorded.
  const at = tripwire.calls().find((call) => call.series === "ssh" && call.n === n)?.words;
  if (stands) {
    const release = () => tripwire.release();
    await strike(fault, n, { lab: bench.lab, host, wire: bench.wire(host), client, release });
  }
  return { reached, fault, relatives, at };
}

/** I4 on the client: our provider ends with its engine. Pulumi's own language host is left to Pulumi, and ended here. */
function stillThere(relatives: ReadonlyMap<number, string>): readonly string[] {
  const alive = [...relatives].filter(([id]) => isAlive(id));
  kill(alive.map(([id]) => id));
  return alive
    .filter(([, words]) => /dynamic-provider/.test(words))
    .map(([id, words]) => `I4 client: process ${id} is still there: ${words.slice(0, 120)}`);
}
