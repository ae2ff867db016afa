/** The guard of a ForwardRule: what keeps others out while Docker's own filter is not there. */

import type { Line } from "../../engine/command.js";
import * as iptables from "../../facts/iptables.js";
import * as nft from "../../facts/nft.js";
import { nicNames } from "../host/network.js";
import { chainOf, type Filters, marksOf, type Opening } from "./chains.js";

/**
 * Stands in for Docker's own filter while that is not there: after a flush, and where FORWARD is left at ACCEPT
 * because ip_forward was on before dockerd started. Then only what the plan says may enter, as with it.
 */
export function guardNames(wanted: Opening): readonly string[] {
  return [`guard-${chainOf(wanted)}`, `guard-mark-${chainOf(wanted)}`];
}

/**
 * It drops what is not marked, rather than all but its own sources: a drop is the end of a packet, whatever the
 * guard of another rule for the same destination would say.
 */
function guardChains(wanted: Opening, seen: Filters): readonly nft.Chain[] {
  const [name = "", marking = ""] = guardNames(wanted);
  const matches: readonly nft.Match[] = [
    { on: "iifname", names: nicNames(seen) },
    { on: "daddr", range: wanted.destination },
    { on: "unmarked" },
    { on: "new and not published" },
  ];
  return [
    ...(seen.nftBackend ? [] : [{ name: marking, at: "mark", rules: marksOf(wanted, seen) } as const]),
    { name, at: "forward", rules: [{ matches, verdict: "drop" }] },
  ];
}

export function guardLines(wanted: Opening, seen: Filters): readonly Line[] {
  if (!seen.hasNft) return [];
  const filtered = seen.nftBackend ? nft.askForDockers : iptables.askForDockers;
  const chains = guardChains(wanted, seen);
  const names = chains.map(({ name }) => name);
  return [
    { ...nft.load(chains), unless: filtered },
    { argv: nft.unload(names), when: filtered, mayFail: true },
  ];
}
