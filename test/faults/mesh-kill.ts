/** The death of the client in a whole `up`, at a point of several hosts at once. */
import { sleep } from "../../lab/run.js";
import type { MeshPoint } from "./chains.js";
import { strike } from "./faults.js";
import type { MeshBench } from "./mesh-bench.js";
import { family, isAlive, isConnectedTo, kill, type Started, watchesItsInput } from "./process.js";

/** A point that was struck. */
export interface Struck {
  readonly point: MeshPoint;
  /** The host's command there. */
  readonly at: string;
  /** The ms until a login was had, or that none was; where it was asked before the `up` came to its end. */
  readonly reached?: number | string;
}

/** A process of the client that was killed. */
export interface Relative {
  readonly words: string;
  /** True where our code runs in it. */
  readonly ours: boolean;
}

/** The ms that hosts wait for each other at their points; well below the time after which they go back alone. */
const company = 2500;

/** Kills the client when all stand still, or those that can: the others' work may wait for them. */
export async function killAt(
  bench: MeshBench,
  armed: readonly MeshPoint[],
  client: Started,
  relatives: Map<number, Relative>,
): Promise<readonly Struck[]> {
  const tripwires = armed.map(({ host }) => bench.tripwire(host));
  let over = client.over;
  const stand = tripwires.map((tripwire) => tripwire.hit(() => over()));
  if (await Promise.race([...stand.map(untilTrue), Promise.all(stand).then(() => false)])) {
    await Promise.race([Promise.all(stand), sleep(company)]);
  }
  over = () => true;
  const standing = await Promise.all(stand);
  const first = armed.find((_, at) => standing[at]);
  if (first === undefined) return [];
  const stood = armed.filter((_, at) => standing[at]);
  const struck = await Promise.all(
    stood.map(async (point) => ({
      point,
      at: (await bench.tripwire(point.host).struck())?.words ?? "",
    })),
  );
  const wires = new Set([...bench.wires.values()].map(({ port }) => port));
  for (const [id, words] of family(client.pid)) {
    const hasLoaded = /dynamic-provider/.test(words) && watchesItsInput(id);
    relatives.set(id, { words, ours: hasLoaded || isConnectedTo(id, wires) });
  }
  const release = () => {
    for (const tripwire of tripwires) void tripwire.release();
  };
  const { host, call } = first;
  await strike("client killed", call.n, { lab: bench.lab, host, wire: bench.wire(host), client, release });
  return struck;
}

/** Resolves when it is true, and never else. */
function untilTrue(promise: Promise<boolean>): Promise<true> {
  return new Promise((resolve) => void promise.then((is) => is && resolve(true)));
}

/**
 * I4 on the client: our provider ends with its engine, as soon as it hears of that. Pulumi's own language host, and a
 * provider process that had not been asked anything yet and so knows neither our code nor a host, are left to Pulumi,
 * and ended here.
 */
export async function stillThere(relatives: ReadonlyMap<number, Relative>): Promise<readonly string[]> {
  const ours = [...relatives].filter(([, relative]) => relative.ours);
  for (let tries = 0; tries < 50 && ours.some(([id]) => isAlive(id)); tries++) await sleep(100);
  const alive = ours.filter(([id]) => isAlive(id));
  kill([...relatives.keys()].filter(isAlive));
  return alive.map(([id, { words }]) => `I4 client: process ${id} is still there: ${words.slice(0, 120)}`);
}
