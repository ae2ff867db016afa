/** Repeats the probes that were not answered, and reads the traces of the packets on both hosts. */
import { unseen } from "../engine/command.js";
import { readSnapshot, type Snapshot, snapshotQuestions } from "./counters.js";
import { diagnose, type Reason, type Side } from "./diagnose.js";
import { type Arrival, askNotes, readNotes } from "./endpoint.js";
import { ask, type Participant, renewAll } from "./participant.js";
import { type ProbeResult, probe, readProbe } from "./probe.js";
import { type HostStatus, hostStatus } from "./status.js";

export interface Loss {
  readonly from: Participant;
  readonly to: Participant;
  readonly protocols: readonly string[];
}

/** Beyond this many rounds a person has other worries than the last direction's reason. */
const mostRounds = 12;

/**
 * The reasons of all losses. A host takes part in one trace at a time, so that its counters are about that one;
 * the endpoints that wait are renewed meanwhile.
 */
export async function traceAll(
  losses: readonly Loss[],
  participants: readonly Participant[],
): Promise<ReadonlyMap<Loss, Reason>> {
  const reasons = new Map<Loss, Reason>();
  let left = losses;
  for (let round = 0; round < mostRounds && left.length > 0; round++) {
    const busy = new Set<string>();
    const now = left.filter(({ from, to }) => {
      if (busy.has(from.name) || busy.has(to.name)) return false;
      busy.add(from.name).add(to.name);
      return true;
    });
    const idle = participants.filter((one) => !now.some(({ from, to }) => one === from || one === to));
    await Promise.all([
      renewAll(idle),
      ...now.map(async (loss) => reasons.set(loss, await trace(loss, `${loss.from.name}+${round}`))),
    ]);
    left = left.filter((loss) => !now.includes(loss));
  }
  return reasons;
}

/** @param name the name that this trace's packets carry: those of the check itself have another */
async function trace({ from, to, protocols }: Loss, name: string): Promise<Reason> {
  const before = await Promise.all([observe(from, to), observe(to, from)]);
  const [answer = unseen] = await ask(from, [probe(name, from.probeEndpoint, [to.probeEndpoint], 1)]);
  const results = readProbe(answer);
  const after = await Promise.all([observe(from, to), observe(to, from)]);
  const [fromBefore, toBefore] = before;
  const [fromAfter, toAfter] = after;
  if (results === "gone" || fromAfter.notes === "gone") return untraced(from);
  if (toBefore.notes === "gone" || toAfter.notes === "gone") return untraced(to);
  const [fromStatus, toStatus] = await Promise.all([hostStatus(from), hostStatus(to)]);
  const [probed = nothingSent] = results;
  return diagnose({
    from: sideOf(from, fromBefore.snapshot, fromAfter.snapshot, fromStatus),
    to: sideOf(to, toBefore.snapshot, toAfter.snapshot, toStatus),
    arrived: arrivedOf(from, name, toBefore.notes, toAfter.notes).filter(({ protocol }) =>
      protocols.includes(protocol),
    ),
    ...{ probed, lost: protocols },
  });
}

const nothingSent: ProbeResult = { largest: 0, mtu: 0, errors: ["nothing could be sent"], refusals: [] };

export function endedInWords({ probeEndpoint: { container } }: Participant): string {
  const where = container === undefined ? "" : ` in container ${container.name}`;
  return `its probe endpoint${where} ended during the check`;
}

/** Silence of an endpoint that has ended tells nothing about the mesh. */
function untraced(at: Participant): Reason {
  const todo = "run `npx dockroute check` again";
  return { where: at.name, why: `${endedInWords(at)}, so this was not traced`, todo };
}

/** A call by TCP carries no name: it counts as this trace's where it came since, and from the right host. */
function arrivedOf(
  from: Participant,
  name: string,
  before: readonly Arrival[],
  after: readonly Arrival[],
): readonly Arrival[] {
  const byTcp = (arrivals: readonly Arrival[]) => arrivals.filter(({ protocol }) => protocol === "tcp");
  const addresses = [from.probeEndpoint.address, ...from.hostAddresses];
  return [
    ...after.filter(({ origin }) => origin === name),
    ...byTcp(after)
      .slice(byTcp(before).length)
      .filter(({ source }) => addresses.includes(source)),
  ];
}

function sideOf(
  { name, probeEndpoint: { address, bridge }, plan }: Participant,
  before: Snapshot,
  after: Snapshot,
  { drift, changed }: HostStatus,
): Side {
  const isConverged = changed !== undefined;
  return { name, address, bridge, gateway: plan.address, before, after, drift, wasReachedByUp: isConverged };
}

async function observe(at: Participant, other: Participant) {
  const { address, bridge } = at.probeEndpoint;
  const questions = snapshotQuestions(address, other.probeEndpoint.address, bridge);
  const [notes = unseen, ...answers] = await ask(at, [askNotes(at.probeEndpoint), ...questions]);
  return { notes: readNotes(at.probeEndpoint, notes), snapshot: readSnapshot(answers) };
}
