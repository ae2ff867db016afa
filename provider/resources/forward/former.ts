/** The things that dockroute 0.1.0 made for a ForwardRule, by its names. They go when the new things stand. */
import { type Claims, outdated } from "../../engine/claim.js";
import type { Command } from "../../engine/command.js";
import * as iptables from "../../facts/iptables.js";
import * as nft from "../../facts/nft.js";
import { formerDigest, formerName } from "../host/former.js";
import { type Filters, type Jump, jumpTo, type Opening } from "./chains.js";

/** With ports it was another chain, whose name left no room for more. */
export function formerChain({ destination, ports }: Opening): string {
  return ports === undefined
    ? `DOCKROUTE-${formerName(destination)}`
    : `DR-${formerName(destination)}-${formerDigest(ports)}`;
}

function formerOutward(wanted: Opening): string {
  return formerChain(wanted).replace(/^(DOCKROUTE|DR)-/, "DO-");
}

/** The script's name in /etc/dockroute/parts. */
export function formerScript({ destination, ports }: Opening): string {
  const limited = ports === undefined ? "" : `-${formerDigest(ports)}`;
  return `forward-${formerName(destination)}${limited}`;
}

export function formerPolicy({ destination, ports = [] }: Opening): string {
  return `dockroute-${formerDigest([destination, ...ports])}`;
}

export function formerInNft(wanted: Opening): readonly string[] {
  return ["mark", "guard", "guard-mark"].map((use) => `${use}-${formerChain(wanted)}`);
}

function formerJumps(wanted: Opening): readonly Jump[] {
  const inward = jumpTo(formerChain(wanted), "-d", wanted.destination);
  const outward = jumpTo(formerOutward(wanted), "-s", wanted.destination);
  return [
    { table: "raw", from: "PREROUTING", rule: inward },
    { table: "filter", from: "DOCKER-USER", rule: inward },
    { table: "filter", from: "FORWARD", rule: inward },
    { table: "filter", from: "FORWARD", rule: outward },
  ];
}

/** @param removeFromNft removes all of the rule's chains in nft, for an undo */
export function formerClaims(wanted: Opening, seen: Filters, removeFromNft: readonly Command[]): Claims {
  const inIptables = (["raw", "filter"] as const).flatMap((table) =>
    [formerChain(wanted), formerOutward(wanted)].flatMap((chain) =>
      // A jump goes before its chain, so one claim holds both.
      outdated(`${table} chain ${chain}`, [
        ...formerJumps(wanted)
          .filter((jump) => jump.table === table && jump.rule.at(-1) === chain)
          .flatMap((jump) => deleteJump(jump, seen)),
        ...(seen[table].chains.has(chain)
          ? iptables.deleteChain(table, chain, `remove the chain ${chain} in ${table}`)
          : []),
      ]),
    ),
  );
  const inNft = formerInNft(wanted)
    .filter((name) => seen.nft.has(name))
    .flatMap((name) =>
      // Not `removeFromNft`: the table that it may remove has new chains by then.
      outdated(`nft chain ${name}`, [nft.removeChain(name, `remove the nft chain ${name}`)]).map((claim) => ({
        ...claim,
        remove: removeFromNft,
      })),
    );
  return [...inIptables, ...inNft];
}

/** Two loads at once may have made the same jump twice. */
export function deleteJump({ table, from, rule }: Jump, seen: Filters): readonly Command[] {
  return (seen[table].chains.get(from) ?? [])
    .filter((held) => iptables.sameRule(held, rule))
    .map(() => iptables.deleteRule(table, from, rule, `remove the jump from ${from} in ${table}`));
}
