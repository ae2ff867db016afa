/** The place and the cause of a packet's death, from snapshots of two hosts before and after it was sent. Pure. */

import { type Counter, grown, type Snapshot } from "./counters.js";
import type { Arrival } from "./endpoint.js";
import { asksMore, matches, names, type Packet } from "./packet.js";
import type { ProbeResult } from "./probe.js";

export interface Reason {
  /** The host on which the packet died, or "the wire". */
  readonly where: string;
  readonly why: string;
  readonly todo: string;
}

/** One of the two hosts, before and after the probe was repeated. */
export interface Side {
  readonly name: string;
  /** The probe endpoint's address. */
  readonly address: string;
  /** The host's bridge to it: "docker0". */
  readonly bridge: string;
  /** The host's own address, which is its peers' gateway. */
  readonly gateway: string;
  readonly before: Snapshot;
  readonly after: Snapshot;
  /** Drift of dockroute's own resources there, in words. */
  readonly drift: readonly string[];
  /** An `up` has written something on this host, the unit dockroute-repair among it. */
  readonly wasReachedByUp: boolean;
}

export interface Evidence {
  readonly from: Side;
  readonly to: Side;
  readonly probed: ProbeResult;
  /** Packets of this probe that the other side's endpoint noted. */
  readonly arrived: readonly Arrival[];
  /** The probes without an answer: "icmp", "tcp", "udp". */
  readonly lost: readonly string[];
}

function putBack({ wasReachedByUp }: Side): string {
  return wasReachedByUp
    ? "run `pulumi up` to put it back (dockroute-repair on the host does so too, twice a minute)"
    : "run `pulumi up`: none has reached this host yet";
}

const noForwarding = "net.ipv4.ip_forward is 0, so the host forwards nothing";
const setForwarding = "set it to 1 (`sysctl -w net.ipv4.ip_forward=1`), and find what set it to 0";

/** Follows the packet to the other side, and its answer back. */
export function diagnose(evidence: Evidence): Reason {
  const { from, to, lost } = evidence;
  const there = { source: from.address, destination: to.address, protocols: lost };
  const back = { source: to.address, destination: from.address, protocols: lost };
  const arrived = evidence.arrived.length > 0;
  const way = arrived
    ? [() => dropped(to, leaving(to, back)), () => dropped(from, entering(from, back)), () => noWay(to, from)]
    : [
        () => dropped(from, leaving(from, there)),
        () => dropped(to, entering(to, there)),
        () => noWay(from, to),
      ];
  for (const look of way) {
    const reason = look();
    if (reason) return arrived ? { ...reason, why: `the answer is lost: ${reason.why}` } : reason;
  }
  return arrived
    ? within(from, entering(from, back), to, true)
    : within(to, entering(to, there), from, false);
}

function nicOf({ after }: Side): string {
  return / dev (\S+)/.exec(after.route)?.[1] ?? "";
}

function leaving(side: Side, packet: Omit<Packet, "in" | "out">): Packet {
  return { ...packet, in: side.bridge, out: nicOf(side) };
}

function entering(side: Side, packet: Omit<Packet, "in" | "out">): Packet {
  return { ...packet, in: nicOf(side), out: side.bridge };
}

/** A rule that drops, matches the packet, and whose counter grew. */
function dropped(side: Side, packet: Packet): Reason | undefined {
  const candidates = grown(side.before, side.after).filter((each) => each.drops && matches(each, packet));
  // A packet dies once. A rule with its addresses explains it better than a policy for all packets.
  const rule = candidates.find((each) => names(each, packet)) ?? candidates[0];
  if (rule === undefined) return undefined;
  const own = ownAbout(side, rule);
  const why = `${inWords(rule)} dropped it${own.length > 0 ? `, because ${own.join("; ")}` : ""}`;
  const todo = own.length > 0 ? putBack(side) : `take that rule away, or let ${packet.source} pass before it`;
  return { where: side.name, why, todo };
}

/** A rule that drops, matches the packet, and has no counter: a suspicion, used only where nothing else shows. */
function suspect({ name, after }: Side, packet: Packet): Reason | undefined {
  const candidates = after.uncounted.filter((each) => matches(each, packet) && !asksMore(each));
  const isPolicy = ({ rule }: Counter) => rule === "policy drop";
  const rule =
    candidates.find((each) => names(each, packet)) ??
    candidates.find((each) => !isPolicy(each)) ??
    candidates[0];
  if (rule === undefined) return undefined;
  const why = isPolicy(rule)
    ? `${inWords(rule)} drops what no rule of that chain accepts, and no rule that counts dropped it`
    : `${inWords(rule)} fits it, counts nothing, and no rule that counts dropped it`;
  return { where: name, why, todo: `take that rule away, or let ${packet.source} pass before it` };
}

/** Our drift in the same table; where there is none, all drift of rules and bridge. */
function ownAbout({ drift }: Side, { table }: Counter): readonly string[] {
  const here = drift.filter((text) => text.includes(`${table} `));
  return here.length > 0 ? here : drift.filter((text) => /forward|bridge/.test(text));
}

function inWords({ tool, table, chain, rule }: Counter): string {
  return `${tool} ${table} ${chain}: \`${rule}\``;
}

/** Reasons that show on the sender's side alone: forwarding, the route, ARP. */
function noWay(sender: Side, receiver: Side): Reason | undefined {
  const { forwards, neighbours } = sender.after;
  const route = sender.after.route.replace(/ +/g, " ").trim();
  const where = sender.name;
  if (!forwards) return { where, why: noForwarding, todo: setForwarding };
  if (!route.includes(`via ${receiver.gateway} `)) {
    const gone = !route.includes(" dev ");
    const why = gone
      ? `it has no route to ${receiver.address} (${route || "unreachable"})`
      : `its route to ${receiver.address} is not through ${receiver.gateway}: ${route}`;
    const own = sender.drift.some((text) => /\/(to\/|routes: )/.test(text));
    return {
      where,
      why,
      todo: own
        ? putBack(sender)
        : "find the rule or route that takes precedence: see `ip rule` and `ip route show table all`",
    };
  }
  const state = neighbours.get(receiver.gateway);
  if (state === "FAILED" || state === "INCOMPLETE")
    return {
      ...{ where: "the wire", why: `${receiver.gateway} does not answer ${sender.name}'s ARP` },
      todo: `see whether ${receiver.name} is on the same layer-2 network, and its address still ${receiver.gateway}`,
    };
  return undefined;
}

/** Reasons on the receiving host, where no rule counted the packet as dropped. */
function within(side: Side, packet: Packet, sender: Side, isAnswer: boolean): Reason {
  const where = side.name;
  const what = isAnswer ? "the answer is lost: " : "";
  const entered = grown(side.before, side.after).some((each) => names(each, packet));
  if (side.after.reversePath > side.before.reversePath) {
    const why = `${what}rp_filter dropped it: the way back to ${packet.source} does not lead where it came in`;
    return {
      where,
      why,
      todo: `run \`pulumi up\` if a route is missing there, else set rp_filter of ${packet.in || "the network card"} to 2`,
    };
  }
  if (entered && !side.after.forwards) return { where, why: `${what}${noForwarding}`, todo: setForwarding };
  const silent = (entered ? undefined : suspect(sender, leaving(sender, packet))) ?? suspect(side, packet);
  if (silent !== undefined) return { ...silent, why: `${what}${silent.why}` };
  const own = side.drift.filter((text) => /forward|bridge|nft|raw|filter/.test(text));
  if (own.length > 0)
    return { where, why: `${what}it came in and no further: ${own.join("; ")}`, todo: putBack(side) };
  if (side.after.neighbours.get(packet.destination) === "FAILED") {
    const why = `${what}${packet.destination} does not answer on ${side.bridge}`;
    return {
      where,
      why,
      todo: `see whether ${side.bridge} still has its address of the plan, and restart the container`,
    };
  }
  if (entered) {
    const why = `${what}it came in, and no rule counted it as dropped: one without a counter did, or the container itself`;
    return { where, why, todo: "look at `nft list ruleset` and at the container's own rules" };
  }
  return {
    where: "the wire",
    why: `${what}${sender.name} sent it to ${side.gateway}, and it never came in at ${side.name}`,
    todo:
      "let the network carry packets from containers' addresses: a cloud's source/destination check, " +
      "a security group or a switch's port security drops them",
  };
}
