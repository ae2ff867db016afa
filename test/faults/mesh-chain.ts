/**
 * An `up` from nothing, broken off by a fault; the next one, which goes on where that was and is broken off later;
 * and so on, until one is left alone. Each host has its own points, since it is to be hurt by none of the others'
 * faults; the client is killed when as many hosts as can be stand at theirs. Where an `up` gets over a fault, its
 * host meets the next one in the same `up`. Then routes and rules are destroyed, and the same is done again.
 */
import type { Chain, MeshPoint, Row } from "./chains.js";
import { strike, trapFor } from "./faults.js";
import type { MeshBench } from "./mesh-bench.js";
import { killAt, type Relative, type Struck, stillThere } from "./mesh-kill.js";
import { answersAgain, standing } from "./oracle.js";
import type { Started } from "./process.js";

export interface Hit {
  readonly point: MeshPoint;
  /** The host's command there. */
  readonly at: string;
  readonly reachMs: number;
  readonly said: string;
}

export interface RowTried {
  readonly hits: readonly Hit[];
  readonly wrong: readonly string[];
  readonly missed: ReadonlyMap<MeshPoint, Missed>;
}

/** An `up` from nothing did not come to it; one that went on did not; the row was over before. */
export type Missed = "not there" | "passed" | "not tried";

/** The part of a row that is tried. */
export interface Limits {
  /** The number of `up` of a chain that are broken off. */
  readonly rounds: number;
  /** The time from which no further `up` is broken off, as `Date.now()` counts. */
  readonly until: number;
}

export async function tryRow(bench: MeshBench, row: Row, limits: Limits): Promise<RowTried> {
  const hits: Hit[] = [];
  const missed = new Map<MeshPoint, Missed>();
  const wrong: string[] = [];
  // Hosts that are struck in one `up` come to their points only if none of them has to wait for another.
  bench.atOnce(row[0].size > 1 ? bench.lab.hosts.length : 1);
  let over = false;
  for (const [at, chain] of row.entries()) {
    if (over || wrong.length > 0) {
      for (const point of [...chain.values()].flat()) missed.set(point, "not tried");
      continue;
    }
    if (at > 0) wrong.push(...(await bench.losesRules()));
    const rounds = wrong.length === 0 ? limits.rounds : 0;
    const tried = await tryChain(bench, chain, { ...limits, rounds }, at === 0);
    hits.push(...tried.hits);
    wrong.push(...tried.wrong);
    for (const [point, why] of tried.missed) missed.set(point, why);
    over = at === row.length - 1 || Date.now() > limits.until;
    if (wrong.length === 0) wrong.push(...(await readBack(bench, tried.whole, over)));
  }
  return { hits, missed, wrong: wrong.length > 0 ? wrong : await bench.goesAway() };
}

/** The whole mesh after a chain: by a preview at the end of a row, and by a refresh before it is taken down again. */
function readBack(bench: MeshBench, whole: boolean, isLast: boolean): Promise<readonly string[]> {
  if (!whole) return bench.converges(false);
  return isLast ? bench.stands() : bench.isAsKept();
}

/** @param fromNothing true for an `up` from nothing, which meets points that are found by their number alone */
async function tryChain(bench: MeshBench, chain: Chain, { rounds, until }: Limits, fromNothing: boolean) {
  let lines = [...chain.values()];
  const hits: Hit[] = [];
  const missed = new Map<MeshPoint, Missed>();
  const wrong: string[] = [];
  let whole = false;
  for (let round = 0; round < rounds && wrong.length === 0 && !whole; round++) {
    const armed = heads(lines);
    if (armed.length === 0 || (round > 0 && Date.now() > until)) break;
    const tried = await oneRound(bench, lines);
    hits.push(...tried.hits);
    wrong.push(...tried.wrong);
    const over = new Set(tried.hits.map(({ point }) => point));
    for (const point of armed.filter((each) => !over.has(each))) {
      // Where the client was killed meanwhile, the next `up` may come to it, if it can be found there.
      if (tried.killed && point.place !== undefined) continue;
      over.add(point);
      // The fault of another host may have kept this one from it.
      const kept = tried.killed || (round === 0 && tried.hits.length > 0);
      missed.set(point, kept ? "not tried" : round === 0 && fromNothing ? "not there" : "passed");
    }
    lines = lines.map((line) => line.filter((point) => !over.has(point)));
    whole = tried.whole;
  }
  for (const point of lines.flat()) missed.set(point, "not tried");
  return { hits, missed, wrong, whole };
}

/** The next point of each host. */
function heads(lines: readonly (readonly MeshPoint[])[]): readonly MeshPoint[] {
  return lines.flatMap((line) => line.slice(0, 1));
}

/** One `up` with the faults in it, and the conditions that must hold before the next. */
async function oneRound(bench: MeshBench, lines: readonly (readonly MeshPoint[])[]) {
  const armed = heads(lines);
  await Promise.all(armed.map((point) => arm(bench, point)));
  const client = bench.startUp();
  const relatives = new Map<number, Relative>();
  const struck = (
    await (armed[0]?.fault === "client killed"
      ? killAt(bench, armed, client, relatives)
      : Promise.all(lines.map((line) => strikeAlong(bench, line, client))))
  ).flat();
  const killed = relatives.size > 0;
  const alone = (armed[0]?.call.n ?? 0) % 4 < 2;
  const { wrong, reachMs } = await standing(bench.lab, ["box"], Date.now(), alone);
  const { stdout, stderr, code } = await client.ended;
  const said = /error:.*/.exec(`${stdout}${stderr}`)?.[0] ?? "";
  const hits = struck.map(({ point, at, reached }): Hit => {
    return { point, at, said, reachMs: typeof reached === "number" ? reached : reachMs };
  });
  const unreached = struck.flatMap(({ reached }) => (typeof reached === "string" ? [reached] : []));
  await Promise.all(armed.map(({ host }) => bench.tripwire(host).end()));
  const alive = await stillThere(relatives);
  if (killed) await bench.stack.cancel();
  return { hits, wrong: [...unreached, ...wrong, ...alive], killed, whole: code === 0 };
}

/** At one point of a host after another, for as long as the client goes on. */
async function strikeAlong(
  bench: MeshBench,
  line: readonly MeshPoint[],
  client: Started,
): Promise<readonly Struck[]> {
  const struck: Struck[] = [];
  for (const point of line) {
    // The first was armed before the client began; a point that can be found only by its number needs that.
    if (struck.length > 0) {
      if (point.place === undefined) break;
      await arm(bench, point);
    }
    const at = await strikeAt(bench, point, client);
    if (at === undefined) break;
    const reached = await answersAgain(bench.lab.host(point.host), Date.now());
    struck.push({ point, at, reached });
  }
  return struck;
}

function arm(bench: MeshBench, { host, fault, call, place }: MeshPoint): Promise<void> {
  return bench.tripwire(host).begin({ ...(place ?? { n: call.n }), does: trapFor(fault) });
}

/** Waits until a program stands still there, and does what is to be done to it. Gives what the host ran there. */
async function strikeAt(bench: MeshBench, { host, fault, call }: MeshPoint, client: Started) {
  const tripwire = bench.tripwire(host);
  if (!(await tripwire.hit(client.over))) return undefined;
  const words = (await tripwire.struck())?.words ?? "";
  const release = () => tripwire.release();
  await strike(fault, call.n, { lab: bench.lab, host, wire: bench.wire(host), client, release });
  return words;
}
