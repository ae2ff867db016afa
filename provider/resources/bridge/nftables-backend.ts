/**
 * What Docker's nftables backend needs before a routed packet can reach a container.
 *
 * Two keys of daemon.json let such packets in, and only a restart loads them, so they belong to the bridge. The first,
 * `allow-direct-routing`, holds for the whole daemon: it takes away Docker's own rule, which drops what comes to a
 * container's address by another link than the container's bridge. A guard of ours does the same as that rule, but for
 * packets that a ForwardRule has marked.
 *
 * The guard names no network card and no bridge. Docker's bridges are in two sets, which the script fills from Docker's
 * answer each time it is loaded: `guarded`, and `open` for networks into which Docker itself lets everybody. The ranges
 * of docker0 and of the pools are guarded by their addresses, so that a new network from the pools is never open. Only
 * a new network with a range of its own stays open until the script is loaded again, 30 s at most.
 */
import * as boot from "../../boot/script.js";
import { type Claim, type Claims, ifThere, state } from "../../engine/claim.js";
import { type Command, quote } from "../../engine/command.js";
import * as daemonKeys from "../../facts/daemon-keys.js";
import { fillSets } from "../../facts/docker-networks.js";
import { isOn, turnOn } from "../../facts/forwarding.js";
import * as nft from "../../facts/nft.js";
import { contains, parseRange, printRange } from "../../plan/cidr.js";
import { v4, v6 } from "../../plan/family.js";
import { networkOf } from "../host/network.js";
import type { CheapSeen } from "./facts.js";
import { isNftables, type Wanted } from "./keys.js";

const name = "guard-bridges";
const sets = { open: "open", guarded: "guarded" } as const;

/** From another link, the first packet of a flow. Inside a Docker network a packet comes from the same link. */
const stranger: readonly nft.Match[] = [{ on: "to another link" }, { on: "new" }];

/** The guard for IPv4. dockroute 0.1.0 had a chain of this name too, with other rules. */
function guardOf({ bip, pools = [] }: Wanted): nft.Chain {
  const own = networkOf(bip);
  const isInPool = pools.some((pool) => {
    const parsed = parseRange(pool);
    return "value" in parsed && contains(parsed.value, own);
  });
  const ranges = isInPool ? pools : [printRange(own), ...pools];
  const unmarked: readonly nft.Match[] = [...stranger, { on: "unmarked" }];
  return {
    name,
    at: "guard",
    sets: Object.values(sets),
    rules: [
      { matches: [{ on: "towards set", name: sets.open }], verdict: "accept" },
      ...ranges.map(
        (range): nft.Rule => ({ matches: [{ on: "daddr", range }, ...unmarked], verdict: "drop" }),
      ),
      { matches: [{ on: "towards set", name: sets.guarded }, ...unmarked], verdict: "drop" },
    ],
  };
}

/** The guard for IPv6, in which nothing is ever marked. Router discovery and other groups are no business of Docker's. */
const guardIpv6: nft.Chain = {
  name,
  at: "guard",
  sets: Object.values(sets),
  rules: [
    {
      matches: [{ on: "towards set", name: sets.guarded }, { on: "to one machine" }, ...stranger],
      verdict: "drop",
    },
  ],
};

function scriptOf(wanted: Wanted, id: string): boot.Script {
  return {
    kind: "guard",
    subject: "bridges",
    holder: { ...wanted, id },
    about: "Keeps out of Docker's networks what comes by another link and no rule has marked.",
    lines: [nft.load([guardOf(wanted)]), nft.load([guardIpv6], v6), fillSets(sets, nft.table)],
    formerName: "guard-bridges",
  };
}

/** Put in place before Docker lets packets in, and removed after Docker runs without the keys again. */
export function guardClaims(wanted: Wanted, id: string, seen: CheapSeen): Claims {
  const script = scriptOf(wanted, id);
  const make = [boot.load(script, "keep strangers out of Docker's networks")];
  const why = "remove the guard of Docker's networks";
  const claim = (what: string, isSo: boolean, isThere: boolean, remove: readonly Command[]): Claim => ({
    ...{ what, is: state(isSo, isThere), make, remove },
  });
  const { nft: ipv4, nftIpv6: ipv6 } = seen;
  const guard = guardOf(wanted);
  const removed = {
    ipv4: nft.removeWithSets(guard, ipv4, why, v4),
    ipv6: nft.removeWithSets(guardIpv6, ipv6, why, v6),
  };
  const all = [
    claim(`nft chain ${name}`, nft.has(ipv4, guard), ipv4.has(name), removed.ipv4),
    claim(`nft chain ${name} for IPv6`, nft.has(ipv6, guardIpv6), ipv6.has(name), removed.ipv6),
    ...boot.keptAtBoot(script, seen.scripts),
    dropIn(seen),
  ];
  return isNftables(seen) ? all : all.flatMap(whileThere);
}

/** Keeps Docker starting after it was replaced by an older one that does not know the keys. */
function dropIn({ scripts: { files } }: CheapSeen): Claim {
  const [make, remove] = [daemonKeys.keep(files), daemonKeys.drop(files)];
  const is = state(make.length === 0, remove.length > 0);
  return { what: "the drop-in of docker.service", is, found: "absent or changed", make, remove };
}

/** Another backend needs no guard: what an earlier one left goes with the bridge. */
function whileThere({ what, is, notOurs, remove }: Claim): Claims {
  if (is === "absent" || notOurs !== undefined || "reason" in remove) return [];
  return ifThere(what, remove);
}

/**
 * Before a restart: unlike the iptables backend this one does not turn forwarding on, and dockerd does not start
 * where a sysctl has turned it off since (Docker's documentation of the nftables backend).
 */
export function forwarding(seen: CheapSeen): readonly Command[] {
  if (!isNftables(seen)) return [];
  const script = `${quote(isOn())} || ${quote(turnOn())}`;
  return [
    { why: "have forwarding on, without which this Docker does not start", argv: ["sh", "-c", script] },
  ];
}
