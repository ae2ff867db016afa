/** `npx dockroute check`: from inside each host's part to inside every other's, as a container's packets go. */
import { randomBytes } from "node:crypto";
import { cannotBeAsked } from "../engine/errors.js";
import { cleaned } from "../engine/printable.js";
import { addressAt, parseInterface, parseRange, printAddress } from "../plan/cidr.js";
import type { HostPlan } from "../plan/index.js";
import type { Reason } from "./diagnose.js";
import { beginStands, endStand, type Place, readStands } from "./endpoint.js";
import type { Member, Site } from "./member.js";
import { type Probed, probe, readProbe } from "./probe.js";
import { ask, type Lost, type Standing, traceAll } from "./trace.js";

/** One direction: from and to a host, or a user-defined network of its part, "alpha/side". */
export interface Cell {
  readonly from: string;
  readonly to: string;
  readonly well: boolean;
  /** What was not answered: "icmp", "tcp", "udp"; "source" and "size" where it was, and not as it should be. */
  readonly wrong: readonly string[];
  /** Milliseconds. */
  readonly roundTrip?: number;
  /** With which address the other side saw it. */
  readonly source?: string;
  /** The largest packet that got through uncut, and what the link takes. */
  readonly largest: number;
  readonly mtu: number;
  readonly reason?: Reason;
}

export interface Checked {
  readonly cells: readonly Cell[];
  /** Where each host's packets came from: "container box, 172.30.0.2". */
  readonly stands: Readonly<Record<string, string>>;
  /** Hosts that took no part, and why. */
  readonly absent: Readonly<Record<string, string>>;
}

/** How long an answer may take. */
const limit = 2;

export async function checkMesh(site: Pick<Site, "members">): Promise<Checked> {
  const nonce = `dockroute-${randomBytes(6).toString("hex")}`;
  const begun = (await Promise.all(site.members.map((member) => stand(member, nonce)))).flat();
  const standing = begun.flatMap((each) => ("stand" in each ? [each] : []));
  try {
    const measured = (await Promise.all(standing.map((from) => measure(from, standing, nonce)))).flat();
    const losses = measured.filter(({ protocols }) => protocols.length > 0);
    const reasons = await traceAll(nonce, losses);
    return cleaned<Checked>({
      cells: measured.map((each) => cellOf(each, reasons.get(each) ?? otherwise(each, standing))),
      stands: Object.fromEntries(standing.map(({ label, stand }) => [label, inWords(stand)])),
      absent: Object.fromEntries(
        begun.flatMap((each) => ("stand" in each ? [] : [[each.name, each.reason]])),
      ),
    });
  } finally {
    await Promise.all(standing.map((each) => ask(each, endStand(each.stand)).catch(() => {})));
  }
}

function inWords({ container, address }: Standing["stand"]): string {
  return `${container === undefined ? "a namespace of its own" : `container ${container}`}, ${address}`;
}

async function stand(
  member: Member,
  nonce: string,
): Promise<readonly (Standing | { name: string; reason: string })[]> {
  try {
    const read = readStands(await ask(member, beginStands(nonce, placeOf(member.plan))));
    if (typeof read === "string") return [{ name: member.name, reason: read }];
    return read.map((stand) => {
      const label = stand.network === undefined ? member.name : `${member.name}/${stand.network}`;
      return { ...member, stand, label };
    });
  } catch (error) {
    if (!cannotBeAsked(error)) throw error;
    return [{ name: member.name, reason: `not reached: ${error.reason}` }];
  }
}

function placeOf({ bridgeAddress, subnet }: HostPlan): Place {
  const part = parseRange(subnet);
  if ("reason" in part) throw new Error(part.reason);
  const bridge = bridgeAddress.split("/")[0] ?? "";
  return { own: topOf(bridgeAddress), bridge, first: part.value.first.value, last: part.value.last.value };
}

/** The last address of the bridge's block: Docker gives the first ones. */
function topOf(bridgeAddress: string): string {
  const parsed = parseInterface(bridgeAddress);
  if ("reason" in parsed) throw new Error(parsed.reason);
  const { range } = parsed.value;
  return `${printAddress(addressAt(range, -1n))}/${range.prefix}`;
}

interface Measured extends Lost {
  readonly probed: Probed;
}

async function measure(
  from: Standing,
  all: readonly Standing[],
  nonce: string,
): Promise<readonly Measured[]> {
  const others = all.filter((other) => other.name !== from.name);
  if (others.length === 0) return [];
  const stands = others.map((other) => other.stand);
  const answers = readProbe(await ask(from, probe(nonce, from.label, from.stand, stands, limit)));
  return others.flatMap((to, at): Measured[] => {
    const probed = answers[at] ?? { largest: 0, mtu: 0, errors: ["nothing could be sent"], said: [] };
    const protocols = [
      ...(probed.roundTrip === undefined ? ["icmp"] : []),
      ...(probed.tcp === undefined ? ["tcp"] : []),
      ...(probed.udp === undefined ? ["udp"] : []),
    ];
    return [{ from, to, protocols, probed }];
  });
}

function cellOf({ from, to, protocols, probed }: Measured, reason: Reason | undefined): Cell {
  const { roundTrip, largest, mtu } = probed;
  const source = sourceOf(probed, from);
  const hidden = source !== undefined && source !== from.stand.address;
  const wrong = [...protocols, ...(hidden ? ["source"] : []), ...(isCut(probed) ? ["size"] : [])];
  return {
    ...{ from: from.label, to: to.label, well: wrong.length === 0, wrong, largest, mtu },
    ...(roundTrip === undefined ? {} : { roundTrip }),
    ...(source === undefined ? {} : { source }),
    ...(reason === undefined ? {} : { reason: withSaid(reason, probed) }),
  };
}

/** The address that the other side saw; where it saw two, the wrong one. */
function sourceOf({ tcp, udp }: Probed, { stand }: Standing): string | undefined {
  return [tcp, udp].find((seen) => seen !== undefined && seen !== stand.address) ?? tcp ?? udp;
}

function isCut({ roundTrip, largest, mtu }: Probed): boolean {
  return roundTrip !== undefined && largest < mtu;
}

/** All was answered, and not as it should be. */
function otherwise({ from, to, probed }: Measured, all: readonly Standing[]): Reason | undefined {
  const source = sourceOf(probed, from);
  if (source !== undefined && source !== from.stand.address) return hides(from, to, source);
  return isCut(probed) ? cuts(from, to, probed, all) : undefined;
}

function hides(from: Standing, to: Standing, source: string): Reason {
  return {
    where: from.name,
    why: `${to.name} sees ${from.stand.address} as ${source}: a NAT rule of ${from.name} hides it, and dockroute's own, which keeps it from that, is gone or comes too late`,
    todo: "run `pulumi up`; if that changes nothing, look at `nft list ruleset` and `iptables -t nat -S` there",
  };
}

function cuts(
  from: Standing,
  to: Standing,
  { largest, mtu, said }: Probed,
  all: readonly Standing[],
): Reason {
  const by = said.find(({ what }) => what.includes("too big"))?.by;
  const host = all.find(({ stand }) => by !== undefined && stand.hostAddresses.includes(by));
  return {
    where: host?.name ?? by ?? "the wire",
    why: `packets of more than ${largest} bytes do not get from ${from.name} to ${to.name}, and containers send up to ${mtu}`,
    todo: `raise the MTU of the links between them, or set "mtu": ${largest || 1280} in daemon.json of both`,
  };
}

/** What a host on the way said itself is told with what was found. */
function withSaid(reason: Reason, { said, errors }: Probed): Reason {
  const words = said
    .filter(({ what }) => !what.includes("too big"))
    .map(({ by, what }) => `${by} says ${what}`);
  const all = words.length > 0 ? words : errors;
  return all.length === 0 ? reason : { ...reason, why: `${reason.why} (${all.join(", ")})` };
}
