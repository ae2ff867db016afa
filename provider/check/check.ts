/** The check of a mesh: from inside each host's containers to inside every other's, as their packets go. */
import { randomBytes } from "node:crypto";
import { unseen } from "../engine/command.js";
import { cleaned } from "../engine/printable.js";
import type { Reason } from "./diagnose.js";
import type { Member } from "./member.js";
import { ask, beginAll, endAll, type Participant, renewAll } from "./participant.js";
import { type ProbeResult, probe, readProbe } from "./probe.js";
import { endedInWords, type Loss, traceAll } from "./trace.js";

/** One direction: from and to a host, or a user-defined network of its range, "alpha/side". */
export interface Direction {
  readonly from: string;
  readonly to: string;
  readonly well: boolean;
  /** The probes without an answer: "icmp", "tcp", "udp"; "source" and "size" for an answer with a wrong one. */
  readonly wrong: readonly string[];
  /** Milliseconds. */
  readonly roundTrip?: number;
  /** The source address that the other side saw. */
  readonly source?: string;
  /** The largest packet that got through uncut, and what the link takes. */
  readonly largest: number;
  readonly mtu: number;
  readonly reason?: Reason;
}

/** The output of `dockroute check --json`: its names are a contract. */
export interface Checked {
  readonly cells: readonly Direction[];
  /** The probe endpoint of each participant: "container box, 172.30.0.2". */
  readonly stands: Readonly<Record<string, string>>;
  /** Hosts that were not checked, and why. */
  readonly absent: Readonly<Record<string, string>>;
  /** Networks that were not tried because they are not meant to be reached, and why. */
  readonly closed: Readonly<Record<string, string>>;
}

/** Seconds that an answer may take. */
const limit = 2;

export async function checkMesh({ members }: { readonly members: readonly Member[] }): Promise<Checked> {
  const nonce = `dockroute-${randomBytes(6).toString("hex")}`;
  const { participants, absent, closed } = await beginAll(members, nonce);
  try {
    const measured = await measureAll(participants);
    const isLossy = measured.results.some(({ protocols }) => protocols.length > 0);
    // An answer may be missing because the endpoint that owed it had ended.
    const gone = new Set([...measured.gone, ...(isLossy ? await renewAll(participants) : [])]);
    const results = measured.results.filter(({ from, to }) => !gone.has(from) && !gone.has(to));
    const losses = results.filter(({ protocols }) => protocols.length > 0);
    const here = participants.filter((one) => !gone.has(one));
    const reasons = await traceAll(losses, here);
    return cleaned<Checked>({
      cells: results.map((each) => directionOf(each, reasons.get(each) ?? otherwise(each, participants))),
      stands: Object.fromEntries(here.map(({ label, probeEndpoint }) => [label, inWords(probeEndpoint)])),
      absent: Object.fromEntries([...absent, ...[...gone].map((one) => [one.label, endedInWords(one)])]),
      closed: Object.fromEntries(closed),
    });
  } finally {
    await endAll(participants);
  }
}

function inWords({ container, address }: Participant["probeEndpoint"]): string {
  return `${container === undefined ? "a namespace of its own" : `container ${container.name}`}, ${address}`;
}

interface Measurement extends Loss {
  readonly probed: ProbeResult;
}

async function measureAll(participants: readonly Participant[]) {
  const rows = await Promise.all(participants.map((from) => measure(from, participants)));
  return {
    results: rows.flatMap((row) => (row === "gone" ? [] : row)),
    gone: participants.filter((_, at) => rows[at] === "gone"),
  };
}

async function measure(
  from: Participant,
  all: readonly Participant[],
): Promise<readonly Measurement[] | "gone"> {
  const others = all.filter((other) => other.name !== from.name);
  if (others.length === 0) return [];
  const targets = others.map(({ probeEndpoint }) => probeEndpoint);
  const [answer = unseen] = await ask(from, [probe(from.label, from.probeEndpoint, targets, limit)]);
  const results = readProbe(answer);
  if (results === "gone") return results;
  return others.map((to, at): Measurement => {
    const probed = results[at] ?? { largest: 0, mtu: 0, errors: ["nothing could be sent"], refusals: [] };
    const protocols = [
      ...(probed.roundTrip === undefined ? ["icmp"] : []),
      ...(probed.tcp === undefined ? ["tcp"] : []),
      ...(probed.udp === undefined ? ["udp"] : []),
    ];
    return { from, to, protocols, probed };
  });
}

function directionOf({ from, to, protocols, probed }: Measurement, reason: Reason | undefined): Direction {
  const { roundTrip, largest, mtu } = probed;
  const source = sourceOf(probed, from);
  const hidden = source !== undefined && source !== from.probeEndpoint.address;
  const wrong = [...protocols, ...(hidden ? ["source"] : []), ...(isCut(probed) ? ["size"] : [])];
  return {
    ...{ from: from.label, to: to.label, well: wrong.length === 0, wrong, largest, mtu },
    ...(roundTrip === undefined ? {} : { roundTrip }),
    ...(source === undefined ? {} : { source }),
    ...(reason === undefined ? {} : { reason: withErrors(reason, probed) }),
  };
}

/** The address that the other side saw; where it saw two, the wrong one. */
function sourceOf({ tcp, udp }: ProbeResult, { probeEndpoint }: Participant): string | undefined {
  return [tcp, udp].find((one) => one !== undefined && one !== probeEndpoint.address) ?? tcp ?? udp;
}

function isCut({ roundTrip, largest, mtu }: ProbeResult): boolean {
  return roundTrip !== undefined && largest < mtu;
}

/** The reason where all was answered, but not as it should be. */
function otherwise(
  { from, to, protocols, probed }: Measurement,
  all: readonly Participant[],
): Reason | undefined {
  const source = sourceOf(probed, from);
  if (source !== undefined && source !== from.probeEndpoint.address) return hides(from, to, source);
  return isCut(probed) && protocols.length === 0 ? cuts(from, to, probed, all) : undefined;
}

function hides(from: Participant, to: Participant, source: string): Reason {
  return {
    where: from.name,
    why: `${to.name} sees ${from.probeEndpoint.address} as ${source}: a NAT rule of ${from.name} hides it, and dockroute's exemption from NAT is gone there or comes too late`,
    todo: "run `pulumi up`; if that changes nothing, look at `nft list ruleset` and `iptables -t nat -S` there",
  };
}

function cuts(
  from: Participant,
  to: Participant,
  { largest, mtu, refusals }: ProbeResult,
  all: readonly Participant[],
): Reason {
  const by = refusals.find(({ what }) => what.includes("too big"))?.by;
  const host = all.find(({ hostAddresses }) => by !== undefined && hostAddresses.includes(by));
  return {
    where: host?.name ?? by ?? "the wire",
    why: `packets of more than ${largest} bytes do not get from ${from.name} to ${to.name}, and containers send up to ${mtu}`,
    todo: `raise the MTU of the links between them, or set "mtu": ${largest || 1280} in daemon.json of both`,
  };
}

/** Adds the ICMP errors of hosts on the way, or else those of the sender's kernel. */
function withErrors(reason: Reason, { refusals, errors }: ProbeResult): Reason {
  const words = refusals
    .filter(({ what }) => !what.includes("too big"))
    .map(({ by, what }) => `${by} answers: ${what}`);
  const all = words.length > 0 ? words : errors;
  return all.length === 0 ? reason : { ...reason, why: `${reason.why} (${all.join(", ")})` };
}
