/**
 * The guard of a ForwardRule keeps out the packets that are not let in, as Docker's own filter does, while that filter
 * does not: the host is never wider open than with Docker's default. Its lines ask the host each time they run.
 *
 * It has two forms, because it must close nothing else:
 * - Docker's rules are not there: before Docker starts at boot, and after a flush. Then it is a chain of nft that drops
 *   new packets from outside to the destination. "Outside" names no link: it is another source than the destination's
 *   own range, or a source of that range for which the kernel has no way back by the link on which it came, so a forged
 *   one. Traffic inside a network, which the kernel also shows to these chains (bridge-nf-call-iptables), is neither.
 * - Docker's rules are there, but FORWARD's policy is ACCEPT (Docker before 28 with ip_forward on before its start, or
 *   `ufw disable`). Then it is the last rule of FORWARD and does for the destination what the policy DROP would do. All
 *   that DOCKER-USER, ufw or the administrator accept comes before it and stays open.
 *
 * Where Docker was told to make no rules, keeping others out is the administrator's alone, and there is no guard.
 */
import { type Claims, ifThere } from "../../engine/claim.js";
import type { ShellText } from "../../engine/command.js";
import * as iptables from "../../facts/iptables.js";
import { dockersAreThere, type Last } from "../../facts/iptables-load.js";
import * as nft from "../../facts/nft.js";
import { askFor, loadGuarded } from "../../facts/nft-load.js";
import { digestOf, type Filters, markChain, marksOf, type Opening } from "./chains.js";

export function guardNames(wanted: Opening): readonly string[] {
  return [`guard-${digestOf(wanted)}`, `guard-mark-${digestOf(wanted)}`];
}

/**
 * It drops what is not marked, rather than all but its own sources: a drop is the end of a packet, whatever the guard of
 * another rule for the same destination accepts.
 */
function guardChains(wanted: Opening, seen: Filters): readonly nft.Chain[] {
  const [name = "", marking = ""] = guardNames(wanted);
  const range = wanted.destination;
  const drop = (...from: readonly nft.Match[]): nft.Rule => ({
    matches: [...from, { on: "daddr", range }, { on: "unmarked" }, { on: "new and not published" }],
    verdict: "drop",
  });
  return [
    ...(seen.nftBackend ? [] : [{ name: marking, at: "mark", rules: marksOf(wanted, seen) } as const]),
    {
      name,
      at: "forward",
      rules: [drop({ on: "not from", range }), drop({ on: "saddr", range }, { on: "no way back" })],
    },
  ];
}

/** The last rule of FORWARD; its comment tells the rules for one destination apart. */
export function lastRule(wanted: Opening): iptables.Rule {
  const state = ["-m", "conntrack", "--ctstate", "NEW"];
  const comment = ["-m", "comment", "--comment", `dockroute-${digestOf(wanted)}`];
  return ["-d", wanted.destination, ...state, ...comment, "-j", "DROP"];
}

/** Its last rule is taken away where Docker makes no rules, or makes them in nftables. */
export function lastOf(wanted: Opening, { dockerFilters, nftBackend }: Filters): Last {
  return { rule: lastRule(wanted), stands: dockerFilters && !nftBackend ? "while open" : "never" };
}

/** Follows the load of iptables: the last rule stands before the chain goes, so that no moment is without both. */
export function nftLines(wanted: Opening, seen: Filters): readonly ShellText[] {
  const always = seen.nftBackend ? [markChain(wanted, seen)] : [];
  const guard = seen.hasNft ? guardChains(wanted, seen) : [];
  if (always.length + guard.length === 0) return [];
  const dockers = seen.nftBackend ? askFor(nft.askForDockers) : dockersAreThere;
  const isGuarded = seen.dockerFilters && guard.length > 0;
  return [loadGuarded({ always, guard, ifDockers: isGuarded ? dockers : undefined })];
}

/** It comes and goes with Docker's filter, so it is claimed only while it is there. */
export function guardClaims(wanted: Opening, seen: Filters): Claims {
  const rule = lastRule(wanted);
  const held = (seen.filter.chains.get("FORWARD") ?? []).filter((each) => iptables.sameRule(each, rule));
  const why = "remove the last rule of FORWARD, which stands in for its policy";
  return ifThere(
    `filter FORWARD rule for ${wanted.destination}`,
    held.map(() => iptables.deleteRule("filter", "FORWARD", rule, why)),
  );
}

/** The warnings to a person before the last rule closes what the policy ACCEPT let in. */
export function closing(wanted: Opening, seen: Filters): readonly string[] {
  const stands = iptables.hasRule(seen.filter, "FORWARD", lastRule(wanted));
  if (!seen.dockerFilters || seen.nftBackend || stands || !iptables.isOpen(seen.filter)) return [];
  return [
    "the policy of FORWARD is ACCEPT, so this Docker keeps nobody out of its containers' unpublished ports. From now on " +
      `only what a rule of FORWARD or DOCKER-USER accepts gets into ${wanted.destination}, besides the sources. To let ` +
      `another network in, a VPN for example, run \`iptables -I DOCKER-USER -s ITS-RANGE -d ${wanted.destination} -j ACCEPT\` ` +
      "there",
  ];
}
