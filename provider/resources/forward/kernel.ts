/** The lines of a ForwardRule's script, and what the rule claims of the host's packet filters. */
import { type Claim, type Claims, ifThere, state } from "../../engine/claim.js";
import type { Command, ShellText } from "../../engine/command.js";
import * as forwarding from "../../facts/forwarding.js";
import * as iptables from "../../facts/iptables.js";
import { load } from "../../facts/iptables-load.js";
import * as nft from "../../facts/nft.js";
import { v4 } from "../../plan/family.js";
import {
  type Chain,
  chainOf,
  chainsOf,
  type Filters,
  isolation,
  type Jump,
  jumpsOf,
  markChain,
  type Opening,
} from "./chains.js";
import { deleteJump, formerChain, formerClaims, formerInNft } from "./former.js";
import { guardClaims, guardNames, lastOf, nftLines } from "./guard.js";

/** Docker makes these chains, and uses what it finds. At boot our script comes first. */
const dockersChains = ["DOCKER-USER", ...isolation] as const;

/** The lines that are loaded at boot, in `up` and by the repair. */
export function linesOf(wanted: Opening, seen: Filters): readonly ShellText[] {
  return [
    load({
      chains: chainsOf(wanted, seen, seen.nftBackend),
      jumps: jumpsOf(wanted, seen.nftBackend),
      dockers: seen.nftBackend ? [] : dockersChains,
      last: lastOf(wanted, seen),
    }),
    ...nftLines(wanted, seen),
    // Docker had it on and needs it. Before Docker runs it stays as it is, or FORWARD would be left at ACCEPT.
    forwarding.keepOn(["systemctl", "-q", "is-active", "docker.service"]),
  ];
}

/** Everything in the kernel, in the order in which it is made. `make` makes all that is wanted. */
export function claimsOf(wanted: Opening, seen: Filters, make: readonly Command[]): Claims {
  const { nftBackend } = seen;
  const away = removeFromNft(wanted, seen);
  return [
    // They can go when neither our jump nor our chain is left.
    ...dockersChains.flatMap((name) => unusedChain(name, wanted, seen)),
    ...chainsOf(wanted, seen, nftBackend).map((chain) => chainClaim(chain, seen, make)),
    ...jumpsOf(wanted, nftBackend).map((jump) => jumpClaim(jump, seen, make)),
    ...(nftBackend ? [markClaim(wanted, seen, make, away)] : []),
    ...ofOtherBackend(wanted, seen),
    ...guardClaims(wanted, seen),
    ...[...guardNames(wanted), ...(nftBackend ? [] : [markChain(wanted, seen).name])]
      .filter((name) => seen.nft.has(name))
      .flatMap((name) => ifThere(`nft chain ${name}`, away)),
    ...formerClaims(wanted, seen, away),
  ];
}

function chainClaim({ table, chain, rules }: Chain, seen: Filters, make: readonly Command[]): Claim {
  return {
    what: `${table} chain ${chain}`,
    is: state(iptables.hasChain(seen[table], chain, rules), seen[table].chains.has(chain)),
    make,
    remove: iptables.deleteChain(table, chain, `remove the chain ${chain} in ${table}`),
  };
}

function jumpClaim(jump: Jump, seen: Filters, make: readonly Command[]): Claim {
  const isThere = iptables.hasRule(seen[jump.table], jump.from, jump.rule);
  return {
    what: `${jump.table} ${jump.from} jump to ${jump.rule.at(-1)}`,
    is: isThere ? "so" : "absent",
    make,
    remove: deleteJump(jump, seen),
  };
}

function markClaim(
  wanted: Opening,
  seen: Filters,
  make: readonly Command[],
  remove: readonly Command[],
): Claim {
  const chain = markChain(wanted, seen);
  const is = state(nft.has(seen.nft, chain), seen.nft.has(chain.name));
  return { what: `nft chain ${chain.name}`, is, make, remove };
}

/** All of the rule's chains, so that the table goes with the last chain in it. */
function removeFromNft(wanted: Opening, seen: Filters): readonly Command[] {
  const names = [markChain(wanted, seen).name, ...guardNames(wanted), ...formerInNft(wanted)];
  return nft.remove(names, seen.nft, `remove the nft chains of ${wanted.destination}`);
}

/** The things that were made when Docker used its other firewall backend. */
function ofOtherBackend(wanted: Opening, seen: Filters): Claims {
  const { nftBackend } = seen;
  const names = chainsOf(wanted, seen, nftBackend).map(({ table, chain }) => `${table} ${chain}`);
  const chains = chainsOf(wanted, seen, !nftBackend).filter(
    ({ table, chain }) => !names.includes(`${table} ${chain}`) && seen[table].chains.has(chain),
  );
  const froms = jumpsOf(wanted, nftBackend).map(({ table, from }) => `${table} ${from}`);
  const jumps = jumpsOf(wanted, !nftBackend).filter(({ table, from }) => !froms.includes(`${table} ${from}`));
  return [
    ...chains.flatMap(({ table, chain }) =>
      ifThere(
        `${table} chain ${chain}`,
        iptables.deleteChain(table, chain, `remove the chain ${chain} in ${table}`),
      ),
    ),
    ...jumps.flatMap((jump) =>
      ifThere(`${jump.table} ${jump.from} jump to ${jump.rule.at(-1)}`, deleteJump(jump, seen)),
    ),
  ];
}

/** A chain of Docker's name that nobody else uses: but for us it would not be there. */
function unusedChain(name: string, wanted: Opening, seen: Filters): Claims {
  const rules = seen.filter.chains.get(name);
  const own = [chainOf(wanted), formerChain(wanted)];
  const others = rules?.filter((rule) => !own.includes(rule.at(-1) ?? ""));
  const isCalled = [...seen.filter.chains].some(
    ([chain, held]) => !own.includes(chain) && held.some((rule) => rule.at(-1) === name),
  );
  if (others === undefined || others.length > 0 || isCalled) return [];
  const why = `remove the chain ${name}, which nothing leads to`;
  return ifThere(`filter chain ${name}`, iptables.deleteChain("filter", name, why));
}

/** The sources that the kernel lets in, by the rule's chain or that of dockroute 0.1.0. undefined if there is none. */
export function sourcesIn(
  wanted: Opening,
  { filter }: Pick<Filters, "filter">,
): readonly string[] | undefined {
  const rules = filter.chains.get(chainOf(wanted)) ?? filter.chains.get(formerChain(wanted));
  const accepts = rules?.filter((rule) => rule.at(-1) === "ACCEPT");
  const from = (rule: iptables.Rule) => (rule[0] === "-s" ? rule[1] : undefined) ?? v4.everything;
  return accepts && [...new Set(accepts.map(from))].sort();
}

/** Rules of other programs that drop before ours accept, in the words of `iptables -S`. */
export function dropsBefore(wanted: Opening, seen: Filters): readonly string[] {
  const to = [chainOf(wanted), formerChain(wanted)];
  const places = [
    { table: "raw", chain: "PREROUTING", to },
    { table: "filter", chain: "DOCKER-USER", to },
    { table: "filter", chain: "FORWARD", to: seen.nftBackend ? to : ["DOCKER-USER"] },
  ] as const;
  return places.flatMap((place) => {
    const rules = seen[place.table].chains.get(place.chain) ?? [];
    const ours = rules.findIndex((rule) => place.to.includes(rule.at(-1) ?? ""));
    return rules
      .slice(0, Math.max(ours, 0))
      .filter((rule) => ["DROP", "REJECT"].includes(rule[rule.indexOf("-j") + 1] ?? ""))
      .map((rule) => `iptables -t ${place.table}: -A ${place.chain} ${rule.join(" ")}`);
  });
}
