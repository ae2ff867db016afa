/**
 * The needs of Docker's nftables backend before a routed packet can reach a container.
 *
 * Two keys of daemon.json let such packets in, and only a restart loads them, so they belong to the bridge. The first,
 * `allow-direct-routing`, holds for the whole daemon: it takes away Docker's own rule, which drops packets that come to
 * a container's address by another link than the container's bridge. A guard of ours does the same as that rule, but for
 * packets that a ForwardRule has marked.
 *
 * The guard names no network card and no bridge. The host's bridges are in two sets, which the script fills from Docker's
 * answer each time it is loaded: `guarded`, and `open` for networks into which Docker itself lets everybody and for the
 * bridges of other programs. A bridge that came since is in neither: packets of another link to it are dropped after
 * routing, where the kernel tells that it is a bridge, unless they come by a published port. So a new network is never
 * open, and a new bridge of another program is closed until the script is loaded again, 30 s at most.
 */
import * as boot from "../../boot/script.js";
import { type Claim, type Claims, ifThere, state } from "../../engine/claim.js";
import { type Command, quote } from "../../engine/command.js";
import * as daemonKeys from "../../facts/daemon-keys.js";
import { fillSets } from "../../facts/docker-networks.js";
import { isOn, turnOn } from "../../facts/forwarding.js";
import * as nft from "../../facts/nft.js";
import { contains, parseRange, printRange } from "../../plan/cidr.js";
import { type Family, v4, v6 } from "../../plan/family.js";
import { networkOf } from "../host/network.js";
import type { CheapSeen } from "./facts.js";
import { isNftables, type Wanted } from "./keys.js";

const name = "guard-bridges";
const ofNew = "guard-new-bridges";
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

/** The same for a bridge that is in no set yet. DNAT is done here: a published port's packets have been through it. */
function newGuard(unmarked: readonly nft.Match[] = []): nft.Chain {
  const unpublished: nft.Match = { on: "new and not published" };
  return {
    name: ofNew,
    at: "forward",
    sets: Object.values(sets),
    rules: [
      { matches: [{ on: "leaves by set", name: sets.open }], verdict: "accept" },
      {
        matches: [{ on: "leaves by a bridge" }, { on: "to another link" }, ...unmarked, unpublished],
        verdict: "drop",
      },
    ],
  };
}

const guards = {
  ip: (wanted: Wanted) => [guardOf(wanted), newGuard([{ on: "unmarked" }])],
  ip6: () => [guardIpv6, newGuard()],
} as const;

function scriptOf(wanted: Wanted, id: string): boot.Script {
  return {
    kind: "guard",
    subject: "bridges",
    holder: { ...wanted, id },
    about: "Keeps out of Docker's networks what comes by another link and no rule has marked.",
    lines: [nft.load(guards.ip(wanted)), nft.load(guards.ip6(), v6), fillSets(sets, nft.table)],
    formerName: "guard-bridges",
  };
}

/** Put in place before Docker lets packets in, and removed after Docker runs without the keys again. */
export function guardClaims(wanted: Wanted, id: string, seen: CheapSeen): Claims {
  const script = scriptOf(wanted, id);
  const make = [boot.load(script, "keep strangers out of Docker's networks")];
  const why = "remove the guard of Docker's networks";
  // All chains of a family go at once, because they share the sets.
  const claims = (family: Family, there: nft.Seen): Claims => {
    const chains = guards[family.nft](wanted);
    const remove = nft.removeWithSets(chains, there, why, family);
    return chains.map((chain) => ({
      what: `nft chain ${chain.name}${family === v6 ? " for IPv6" : ""}`,
      is: state(nft.has(there, chain), there.has(chain.name)),
      make,
      remove,
    }));
  };
  const all = [
    ...claims(v4, seen.nft),
    ...claims(v6, seen.nftIpv6),
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

/** Another backend needs no guard: the guard that an earlier one left goes with the bridge. */
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
