/**
 * iptables: always the program that the host has chosen, whichever backend stands behind it, because Docker's
 * rules are where that one puts them. Read by `-S`, written as a part's lines.
 */

import type { Line } from "../engine/command.js";
import { type Answer, type Command, readOnce } from "../engine/command.js";

export type Table = "filter" | "raw" | "nat";

/** The rules of one table, as `iptables -S` prints them, each as its words. */
export interface TableSeen {
  readonly policies: ReadonlyMap<string, string>;
  readonly chains: ReadonlyMap<string, readonly Rule[]>;
}

/** `["-s", "172.30.2.0/24", "-i", "eth0", "-j", "ACCEPT"]`: a rule in the order in which iptables prints it. */
export type Rule = readonly string[];

export const questions = [
  { why: "read the filter rules", argv: ["iptables", "-w", "-S"] },
  { why: "read the raw rules", argv: ["iptables", "-w", "-t", "raw", "-S"] },
] as const satisfies readonly Command[];

/** Ours are there only where there is no nft; else it is Docker's that are looked at. */
export const natQuestions = [
  { why: "read the nat rules", argv: ["iptables", "-w", "-t", "nat", "-S"] },
] as const satisfies readonly Command[];

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

/** Whether the chain is there with exactly these rules in this order. */
export function hasChain(seen: TableSeen, chain: string, rules: readonly Rule[]): boolean {
  const held = seen.chains.get(chain);
  return held?.length === rules.length && held.every((rule, at) => sameRule(rule, rules[at] ?? []));
}

/** The chains of all tables, each emptied and filled again in one step a table; nothing else is touched. */
export function fillChains(chains: readonly { table: Table; chain: string; rules: readonly Rule[] }[]): Line {
  const text = chains.map(({ table, chain, rules }) =>
    [
      `*${table}`,
      `:${chain} - [0:0]`,
      ...rules.map((rule) => `-A ${chain} ${rule.join(" ")}`),
      "COMMIT",
    ].join("\n"),
  );
  return { argv: ["iptables-restore", "-w", "--noflush"], stdin: `${text.join("\n")}\n` };
}

/** Puts the rule at the top of a chain, unless it stands in it already. */
export function insertRule(table: Table, chain: string, rule: Rule): Line {
  const base = ["iptables", "-w", "-t", table];
  return { argv: [...base, "-I", chain, "1", ...rule], unless: [...base, "-C", chain, ...rule] };
}

/** Makes the rule the first of its chain, wherever it stands now: Docker inserts rules of its own above. */
export function putFirst(table: Table, chain: string, rule: Rule): readonly Line[] {
  const base = ["iptables", "-w", "-t", table];
  const isFirst = [
    "sh",
    "-c",
    '[ "$(iptables -w -t "$1" -S "$2" 1)" = "$3" ]',
    "sh",
    table,
    chain,
    `-A ${chain} ${rule.join(" ")}`,
  ];
  return [
    { argv: [...base, "-D", chain, ...rule], unless: isFirst, mayFail: true },
    { argv: [...base, "-I", chain, "1", ...rule], unless: isFirst },
  ];
}

/** Makes a chain of Docker's that Docker has not made yet; Docker keeps what it finds in it. */
export function ensureChain(table: Table, chain: string): Line {
  return { argv: ["iptables", "-w", "-t", table, "-N", chain], mayFail: true };
}

/** Asks whether Docker's filter is in place: its jump, and FORWARD closed to what no rule lets in. */
export const askForDockers: readonly string[] = [
  ...["sh", "-c"],
  'rules=$(iptables -w -S FORWARD); case $rules in "-P FORWARD DROP"*"-j DOCKER-USER"*) ;; *) exit 1 ;; esac',
];

export function deleteRule(table: Table, chain: string, rule: Rule, why: string): Command {
  return { why, argv: ["iptables", "-w", "-t", table, "-D", chain, ...rule] };
}

export function deleteChain(table: Table, chain: string, why: string): readonly Command[] {
  const base = ["iptables", "-w", "-t", table];
  return [
    { why, argv: [...base, "-F", chain] },
    { why, argv: [...base, "-X", chain] },
  ];
}
