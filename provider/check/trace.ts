/** Sends once more what was not answered, and reads on both hosts what became of it. */
import type { Command } from "../engine/command.js";
import { askTrail, readTrail, type Trail } from "./counters.js";
import { diagnose, type Reason, type Side } from "./diagnose.js";
import { type Arrival, askArrivals, readArrivals, type Stand } from "./endpoint.js";
import type { Member } from "./member.js";
import { probe, readProbe } from "./probe.js";
import { hostStatus } from "./status.js";

/** A host that is taking part. */
export interface Standing extends Member {
  readonly stand: Stand;
  /** The host's name; of a user-defined network also that one's: "alpha/side". */
  readonly label: string;
}

export interface Lost {
  readonly from: Standing;
  readonly to: Standing;
  readonly protocols: readonly string[];
}

/** Beyond this a person has other worries than the last cell's reason. */
const mostRounds = 12;

/** The reasons of all losses; a host takes part in one trace at a time, so that its counters are about that one. */
export async function traceAll(nonce: string, losses: readonly Lost[]): Promise<ReadonlyMap<Lost, Reason>> {
  const reasons = new Map<Lost, Reason>();
  let left = losses;
  for (let round = 0; round < mostRounds && left.length > 0; round++) {
    const busy = new Set<string>();
    const now = left.filter(({ from, to }) => {
      if (busy.has(from.name) || busy.has(to.name)) return false;
      busy.add(from.name).add(to.name);
      return true;
    });
    await Promise.all(now.map(async (loss) => reasons.set(loss, await trace(`${nonce}`, loss, round))));
    left = left.filter((loss) => !now.includes(loss));
  }
  return reasons;
}

async function trace(nonce: string, { from, to, protocols }: Lost, round: number): Promise<Reason> {
  const mark = `${from.name}+${round}`;
  const came = async (): Promise<readonly Arrival[]> =>
    readArrivals(to.stand, await ask(to, askArrivals(to.stand)));
  const [fromBefore, toBefore, earlier] = await Promise.all([trail(from, to), trail(to, from), came()]);
  const [probed] = readProbe(await ask(from, probe(nonce, mark, from.stand, [to.stand], 1)));
  const [fromAfter, toAfter, arrivals, fromStatus, toStatus] = await Promise.all([
    ...([trail(from, to), trail(to, from), came()] as const),
    ...([hostStatus(from), hostStatus(to)] as const),
  ]);
  const tcp = arrivals.filter(({ protocol }) => protocol === "tcp").slice(tcpOf(earlier));
  const ours = [from.stand.address, ...from.stand.hostAddresses];
  const arrived = [
    ...arrivals.filter(({ origin }) => origin === mark),
    ...tcp.filter(({ source }) => ours.includes(source)),
  ].filter(({ protocol }) => protocols.includes(protocol));
  return diagnose({
    from: sideOf(from, fromBefore, fromAfter, fromStatus.drift),
    to: sideOf(to, toBefore, toAfter, toStatus.drift),
    probed: probed ?? { largest: 0, mtu: 0, errors: [], said: [] },
    ...{ arrived, lost: protocols },
  });
}

function tcpOf(arrivals: readonly Arrival[]): number {
  return arrivals.filter(({ protocol }) => protocol === "tcp").length;
}

function sideOf(
  { name, stand, plan }: Standing,
  before: Trail,
  after: Trail,
  drift: readonly string[],
): Side {
  return { name, address: stand.address, link: stand.link, gateway: plan.address, before, after, drift };
}

async function trail(at: Standing, other: Standing): Promise<Trail> {
  return readTrail(await ask(at, askTrail(at.stand.address, other.stand.address, at.stand.link)));
}

/** Anew: an answer of before holds no longer. */
export async function ask(at: Member, question: Command) {
  at.host.forget();
  const [answer] = await at.host.look([question]);
  return answer ?? { code: undefined, stdout: "", stderr: "" };
}
