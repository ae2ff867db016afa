/**
 * iptables and ip6tables: always the program that the host has chosen, whichever backend it uses, because Docker's
 * rules are there too. Read by `-S`; iptables-load.ts has what a script writes.
 */
import { type Answer, type Command, readOnce } from "../engine/command.js";
import { costly, fact } from "../engine/fact.js";
import { type Family, v4 } from "../plan/family.js";

export type Table = "filter" | "raw" | "nat";

/** The rules of one table, as `iptables -S` prints them, each as its words. */
export interface TableSeen {
  readonly policies: ReadonlyMap<string, string>;
  readonly chains: ReadonlyMap<string, readonly Rule[]>;
}

/** `["-s", "172.30.2.0/24", "-i", "eth0", "-j", "ACCEPT"]`: a rule in the order in which iptables prints it. */
export type Rule = readonly string[];

function question(table: Table, { iptables }: Family): Command {
  const of = table === "filter" ? [] : ["-t", table];
  return {
    why: `read the ${table} rules`,
    argv: [iptables, "-w", ...of, "-S"],
    ...(iptables === "iptables" ? { quick: [iptables, table] } : {}),
  };
}

/** The rules of a table. */
export function rulesOf(table: Table, family: Family = v4) {
  return fact([question(table, family)], (answer) => readTable(answer));
}

/** The same for a kind that needs them only if something is due. */
export function costlyRulesOf(table: Table, family: Family = v4) {
  return costly([question(table, family)], (answer) => readTable(answer));
}

export const readTable = readOnce((answer: Answer): TableSeen => {
  const policies = new Map<string, string>();
  const chains = new Map<string, Rule[]>();
  for (const line of answer.stdout.split("\n")) {
    const [verb, chain, ...rest] = words(line);
    if (verb === undefined || chain === undefined) continue;
    const rules = chains.get(chain) ?? [];
    chains.set(chain, rules);
    if (verb === "-P") policies.set(chain, rest[0] ?? "");
    if (verb === "-A") rules.push(rest);
  }
  return { policies, chains };
});

/** iptables prints words with spaces or quotes in double quotes, and a backslash before a quote within. */
export function words(line: string): readonly string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, bare]) =>
    quoted === undefined ? (bare ?? "") : quoted.replace(/\\(.)/g, "$1"),
  );
}

export function sameRule(a: Rule, b: Rule): boolean {
  return a.length === b.length && a.every((word, at) => word === b[at]);
}

export function hasRule(seen: TableSeen, chain: string, rule: Rule): boolean {
  return (seen.chains.get(chain) ?? []).some((held) => sameRule(held, rule));
}

/** True if the chain is there with exactly these rules in this order. */
export function hasChain(seen: TableSeen, chain: string, rules: readonly Rule[]): boolean {
  const held = seen.chains.get(chain);
  return held?.length === rules.length && held.every((rule, at) => sameRule(rule, rules[at] ?? []));
}

/** Docker's rules are there and yet let everybody in: FORWARD's policy is ACCEPT. */
export function isOpen({ policies, chains }: TableSeen): boolean {
  const jumps = chains.get("FORWARD")?.some((rule) => sameRule(rule, ["-j", "DOCKER-USER"])) ?? false;
  const drops = chains.get("DOCKER")?.some(([not, on]) => not === "!" && on === "-i") ?? false;
  return jumps && !drops && policies.get("FORWARD") !== "DROP";
}

/** Puts the rule at the top of a chain, whether the chain has it or not. */
export function prependRule(chain: string, rule: Rule, why: string, { iptables }: Family = v4): Command {
  return { why, argv: [iptables, "-w", "-I", chain, "1", ...rule] };
}

export function deleteRule(
  table: Table,
  chain: string,
  rule: Rule,
  why: string,
  { iptables }: Family = v4,
): Command {
  return { why, argv: [iptables, "-w", "-t", table, "-D", chain, ...rule] };
}

export function deleteChain(
  table: Table,
  chain: string,
  why: string,
  { iptables }: Family = v4,
): readonly Command[] {
  const base = [iptables, "-w", "-t", table];
  return [
    { why, argv: [...base, "-F", chain] },
    { why, argv: [...base, "-X", chain] },
  ];
}
