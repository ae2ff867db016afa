/**
 * The doors of a ForwardRule on a host: the lines of its part, what is not as wanted in the kernel, and what others
 * have put before them.
 */
import type { Command, Line } from "../../engine/command.js";
import * as forwarding from "../../facts/forwarding.js";
import * as iptables from "../../facts/iptables.js";
import * as nft from "../../facts/nft.js";
import { chainOf, chainsOf, type Filters, jumpOf, jumpsOf, markChains, type Opening } from "./chains.js";
import { guardLines } from "./guard.js";

/** What is loaded at boot, in `up` and by the repair. */
export function linesOf(wanted: Opening, seen: Filters): readonly Line[] {
  const marks = markChains(wanted, seen);
  return [
    // At boot Docker has not made it yet; it keeps what it finds.
    ...(seen.nftBackend ? [] : [iptables.ensureChain("filter", "DOCKER-USER")]),
    iptables.fillChains(chainsOf(wanted, seen)),
    ...jumpsOf(wanted, seen).map(({ table, from, rule }) => iptables.insertRule(table, from, rule)),
    ...(marks.length === 0 ? [] : [nft.load(marks)]),
    ...guardLines(wanted, seen),
    // Docker had it on and needs it; before Docker runs it stays as it is, or FORWARD would be left at ACCEPT.
    {
      argv: forwarding.turnOn,
      unless: forwarding.isOn,
      when: ["systemctl", "-q", "is-active", "docker.service"],
    },
  ];
}

/** Where Docker makes no rules of iptables nothing leads to its chain, and but for us there would be none. */
export function dropDockerUser(wanted: Opening, seen: Filters): readonly Command[] {
  const name = "DOCKER-USER";
  const others = seen.filter.chains.get(name)?.filter((rule) => !iptables.sameRule(rule, jumpOf(wanted)));
  const led = [...seen.filter.chains.values()].some((rules) => rules.some((rule) => rule.at(-1) === name));
  if (others === undefined || others.length > 0 || led) return [];
  return iptables.deleteChain("filter", name, `remove the chain ${name}, which nothing leads to`);
}

/** What is not in the kernel as wanted, in words. */
export function amiss(wanted: Opening, seen: Filters): readonly string[] {
  const jumps = jumpsOf(wanted, seen)
    .filter(({ table, from, rule }) => !iptables.hasRule(seen[table], from, rule))
    .map(({ table, from, rule }) => `${table} ${from} jump to ${rule.at(-1)}: absent`);
  const chains = chainsOf(wanted, seen)
    .filter(({ table, chain, rules }) => !iptables.hasChain(seen[table], chain, rules))
    .map(
      ({ table, chain }) =>
        `${table} chain ${chain}: ${seen[table].chains.has(chain) ? "changed" : "absent"}`,
    );
  const inNft = markChains(wanted, seen).flatMap((marks) =>
    nft.has(seen.nft, marks)
      ? []
      : [`nft chain ${marks.name}: ${seen.nft.has(marks.name) ? "changed" : "absent"}`],
  );
  return [...jumps, ...chains, ...inNft];
}

/** Rules of others that drop before ours are asked, in the words of `iptables -S`. */
export function before(wanted: Opening, seen: Filters): readonly string[] {
  const jumps = [
    { table: "raw", chain: "PREROUTING", to: chainOf(wanted) },
    { table: "filter", chain: "DOCKER-USER", to: chainOf(wanted) },
    { table: "filter", chain: "FORWARD", to: seen.nftBackend ? chainOf(wanted) : "DOCKER-USER" },
  ] as const;
  return jumps.flatMap(({ table, chain, to }) => {
    const rules = seen[table].chains.get(chain) ?? [];
    const ours = rules.findIndex((rule) => rule.at(-1) === to);
    return rules
      .slice(0, Math.max(ours, 0))
      .filter((rule) => ["DROP", "REJECT"].includes(rule[rule.indexOf("-j") + 1] ?? ""))
      .map((rule) => `iptables -t ${table}: -A ${chain} ${rule.join(" ")}`);
  });
}
