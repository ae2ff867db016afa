/** The claims of a MasqueradeRule on the kernel, and their state there. */
import { type Claims, ifThere, outdated, state } from "../../engine/claim.js";
import type { Command } from "../../engine/command.js";
import * as iptables from "../../facts/iptables.js";
import * as nft from "../../facts/nft.js";
import {
  formerInIptables,
  formerNameOf,
  type InIptables,
  inIptables,
  type NatSeen,
  nameOf,
  nftChain,
  rulesOf,
  type Wanted,
} from "./chain.js";

/**
 * The chain as wanted, and its other copies: in the other program, or by the names of dockroute 0.1.0.
 *
 * @param make makes the chain
 * @param flows has flows between the hosts' subnets decided anew, which goes with each change of the chain
 */
export function claimsOf(
  wanted: Wanted,
  seen: NatSeen,
  make: readonly Command[],
  flows: readonly Command[],
): Claims {
  // Both names, so that the table goes with the last chain in it.
  const away = nft.remove([nameOf(wanted), formerNameOf(wanted)], seen.nft, whyRemove(wanted));
  const removeFromNft = [...away, ...flows];
  return [
    ...(seen.hasNft
      ? nftClaims(wanted, seen, make, removeFromNft)
      : iptablesClaims(wanted, seen, make, flows)),
    ...(seen.hasNft ? leftInIptables(wanted, seen, flows) : []),
    ...formerClaims(wanted, seen, removeFromNft),
  ];
}

function nftClaims(
  wanted: Wanted,
  seen: NatSeen,
  make: readonly Command[],
  remove: readonly Command[],
): Claims {
  const chain = nftChain(wanted);
  const is = state(nft.has(seen.nft, chain), seen.nft.has(chain.name));
  return [{ what: `nat chain ${chain.name}`, is, make, remove }];
}

function iptablesClaims(
  wanted: Wanted,
  { nat }: NatSeen,
  make: readonly Command[],
  flows: readonly Command[],
): Claims {
  const { chain, jump } = inIptables(wanted.source);
  const isThere = iptables.hasRule(nat, "POSTROUTING", jump);
  const [first] = nat.chains.get("POSTROUTING") ?? [];
  const isFirst = first !== undefined && iptables.sameRule(first, jump);
  return [
    {
      what: `nat chain ${chain}`,
      is: state(iptables.hasChain(nat, chain, rulesOf(wanted)), nat.chains.has(chain)),
      make,
      remove: [...iptables.deleteChain("nat", chain, whyRemove(wanted)), ...flows],
    },
    {
      what: `nat POSTROUTING jump to ${chain}`,
      is: state(isFirst, isThere),
      ...(isThere && !isFirst ? { found: "not the first rule" } : {}),
      make,
      remove: [iptables.deleteRule("nat", "POSTROUTING", jump, whyRemove(wanted)), ...flows],
    },
  ];
}

/** The chain that was made before the host got nft. */
function leftInIptables(wanted: Wanted, { nat }: NatSeen, flows: readonly Command[]): Claims {
  const left = inIptables(wanted.source);
  const remove = removeFromIptables(wanted, left, nat);
  return ifThere(`nat chain ${left.chain}`, remove.length === 0 ? [] : [...remove, ...flows]);
}

/** dockroute 0.1.0 masqueraded all else in its chain. It goes when the new one stands. */
function formerClaims(wanted: Wanted, seen: NatSeen, removeFromNft: readonly Command[]): Claims {
  const inNft = formerNameOf(wanted);
  const former = formerInIptables(wanted.source);
  // Not `removeFromNft`: the table that it may remove has the new chain by then.
  const alone = seen.nft.has(inNft) ? [nft.removeChain(inNft, whyRemove(wanted))] : [];
  return [
    ...outdated(`nat chain ${inNft}`, alone).map((claim) => ({ ...claim, remove: removeFromNft })),
    ...outdated(`nat chain ${former.chain}`, removeFromIptables(wanted, former, seen.nat)),
  ];
}

function removeFromIptables(
  wanted: Wanted,
  { chain, jump }: InIptables,
  nat: iptables.TableSeen,
): readonly Command[] {
  const why = whyRemove(wanted);
  return [
    ...(iptables.hasRule(nat, "POSTROUTING", jump)
      ? [iptables.deleteRule("nat", "POSTROUTING", jump, why)]
      : []),
    ...(nat.chains.has(chain) ? iptables.deleteChain("nat", chain, why) : []),
  ];
}

/** The ranges that are excluded in the kernel; undefined if there is no chain. dockroute 0.1.0's counts too. */
export function excludedIn(wanted: Wanted, { nft: chains, nat }: NatSeen): readonly string[] | undefined {
  for (const name of [nameOf(wanted), formerNameOf(wanted)])
    if (chains.has(name)) return nft.keptTowards(chains, name);
  const names = [inIptables(wanted.source).chain, formerInIptables(wanted.source).chain];
  const rules = names.map((name) => nat.chains.get(name)).find((found) => found !== undefined);
  return rules?.flatMap(([to, range, ...rest]) =>
    to === "-d" && range !== undefined && rest.at(-1) === "ACCEPT" ? [range] : [],
  );
}

/** True if a chain of dockroute 0.1.0 is there, which masqueraded whatever left the plan. */
export function isFormerThere(wanted: Wanted, { nft: chains, nat }: NatSeen): boolean {
  return chains.has(formerNameOf(wanted)) || nat.chains.has(formerInIptables(wanted.source).chain);
}

function whyRemove({ source }: Wanted): string {
  return `remove the nat chain of ${source}`;
}
