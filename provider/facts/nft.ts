/**
 * nftables: dockroute's own tables, `ip dockroute` and `ip6 dockroute`, with a chain for each purpose of a resource.
 * Read as JSON, written as the text that `nft -f` loads in one transaction. The words of the rules are in nft-words.ts.
 */
import { z } from "zod";
import type { Answer, Command, Line } from "../engine/command.js";
import { fact, factOf } from "../engine/fact.js";
import { type Family, v4, v6 } from "../plan/family.js";
import { readJson } from "./json-answer.js";
import { exprOf, type Rule, ruleText } from "./nft-words.js";

export { type Match, markKey, type Rule } from "./nft-words.js";

export const table = "dockroute";

/** Before Docker's srcnat (100): a flow whose address is decided here is not asked there again. */
export const natPriority = 90;

/** The hooks that dockroute uses, each before Docker's own chains at the same place. */
const hooks = {
  nat: { type: "nat", hook: "postrouting", prio: natPriority },
  /** Before Docker's forward chains look at the mark. */
  mark: { type: "filter", hook: "prerouting", prio: -150 },
  /** After the marks, and before DNAT (-100): here a packet still has the address it was sent to. */
  guard: { type: "filter", hook: "prerouting", prio: -140 },
  forward: { type: "filter", hook: "forward", prio: 0 },
} as const;

export interface Chain {
  readonly name: string;
  readonly at: keyof typeof hooks;
  readonly rules: readonly Rule[];
  /** Sets of interface names that the rules use. A script fills them; no claim looks at what is in them. */
  readonly sets?: readonly string[];
}

function question({ name, nft }: Family): Command {
  return {
    why: `read the nft rules for ${name}`,
    argv: ["nft", "-j", "list", "table", nft, table],
    quick: ["nft-json", `${nft} ${table}`],
  };
}

/** The chains of our own table for a family. */
export function chainsOf(family: Family) {
  return factOf(question(family), read);
}

export const chains = chainsOf(v4);
export const chainsIpv6 = chainsOf(v6);
/** True if the host has the program nft: a shell ends with 127 where it finds none. */
export const isInstalled = fact([question(v4)], ({ code }) => code !== 127);

/** The chains of one of our tables as `nft -j` prints them, without handles and counters. */
export type Seen = ReadonlyMap<string, SeenChain>;
interface SeenChain {
  readonly hook: unknown;
  readonly rules: readonly (readonly unknown[])[];
}

const listing = z.object({
  nftables: z.array(
    z.object({
      chain: z
        .object({ name: z.string(), type: z.string(), hook: z.string(), prio: z.number() })
        .partial({ type: true, hook: true, prio: true })
        .optional(),
      rule: z.object({ chain: z.string(), expr: z.array(z.unknown()) }).optional(),
    }),
  ),
});

function read(answer: Answer, asked: Command): Seen {
  const chains = new Map<string, { hook: unknown; rules: (readonly unknown[])[] }>();
  // The table's absence is a failure of the command, and there is no nft on some hosts: either way no chain of ours.
  if (answer.code !== 0 || answer.stdout.trim() === "") return chains;
  for (const { chain, rule } of readJson(listing, answer, asked.argv).nftables) {
    if (chain !== undefined) {
      const { name, type, hook, prio } = chain;
      chains.set(name, { hook: { type, hook, prio }, rules: [] });
    }
    if (rule !== undefined) chains.get(rule.chain)?.rules.push(rule.expr);
  }
  return chains;
}

/** True if the chain is there with exactly these rules. */
export function has(seen: Seen, chain: Chain): boolean {
  const held = seen.get(chain.name);
  return held !== undefined && normal(held) === normal(asListed(chain));
}

/** The chain as `nft -j` prints it. */
export function asListed({ at, rules }: Chain): SeenChain {
  return { hook: hooks[at], rules: rules.map(exprOf) };
}

/** The kernel gives the elements of a set in an order of its own. */
function normal(listed: unknown): string {
  return JSON.stringify(listed, (key, value: unknown) =>
    key === "set" && Array.isArray(value) ? value.map((item) => JSON.stringify(item)).sort() : value,
  );
}

const right = z.union([z.string(), z.object({ prefix: z.object({ addr: z.string(), len: z.number() }) })]);
const snat = z.object({ snat: z.object({}) });
const toRange = z.object({
  match: z.object({ left: z.object({ payload: z.object({ field: z.literal("daddr") }) }), right }),
});

/** The ranges towards which a chain's rules keep the source address, in the form of the inputs. */
export function keptTowards(seen: Seen, chain: string): readonly string[] {
  const keeps = (expr: readonly unknown[]) => snat.safeParse(expr.at(-1)).success;
  return (seen.get(chain)?.rules ?? []).filter(keeps).flatMap((expr) =>
    expr.flatMap((part) => {
      const found = toRange.safeParse(part).data?.match.right;
      if (found === undefined) return [];
      return [typeof found === "string" ? `${found}/32` : `${found.prefix.addr}/${found.prefix.len}`];
    }),
  );
}

const setType = "type ifname";

/** Makes the chains anew in one transaction, and keeps what is in their sets, whatever is there under their names. */
export function load(chains: readonly Chain[], family: Family = v4): Line {
  return { argv: ["nft", "-f", "-"], stdin: loadedText(chains, [], family) };
}

/** @param gone chains that are removed, whether they are there or not */
export function loadedText(chains: readonly Chain[], gone: readonly Chain[], { nft }: Family = v4): string {
  const text = [
    `add table ${nft} ${table}`,
    ...[...chains, ...gone].flatMap(({ name }) => [
      `add chain ${nft} ${table} ${name}`,
      `flush chain ${nft} ${table} ${name}`,
      `delete chain ${nft} ${table} ${name}`,
    ]),
    `table ${nft} ${table} {`,
    ...[...new Set(chains.flatMap(({ sets = [] }) => sets))].map((name) => `  set ${name} { ${setType}; }`),
    ...chains.flatMap(chainText),
    "}",
  ];
  return `${text.join("\n")}\n`;
}

/** One destination a rule: nft merges neighbours in a set, and the rules read would differ from those written. */
function chainText({ name, at, rules }: Chain): readonly string[] {
  const { type, hook, prio } = hooks[at];
  return [
    `  chain ${name} {`,
    `    type ${type} hook ${hook} priority ${prio}; policy accept;`,
    ...rules.map((rule) => `    ${ruleText(rule)}`),
    "  }",
  ];
}

/** Asks whether Docker's nftables backend has its filter in place. */
export const askForDockers: readonly string[] = ["nft", "list", "table", "ip", "docker-bridges"];

/** True if Docker's nftables backend has its filter in place. */
export const hasDockersTable = fact(
  [
    {
      why: "ask whether Docker's own nft table is there",
      argv: askForDockers,
      quick: ["nft-table", "ip docker-bridges"],
    },
  ],
  ({ code }) => code === 0,
);

/** Removes chains, if all of them are there, and the table if no chain is left in it. */
export function unload(chains: readonly string[]): readonly string[] {
  const text = chains.map((name) => `flush chain ip ${table} ${name}; delete chain ip ${table} ${name}`);
  const script = 'nft "$1" || exit; nft list table ip "$2" | grep -q chain || nft delete table ip "$2"';
  return ["sh", "-c", script, "sh", text.join("; "), table];
}

/** Removes one chain, whatever else this change makes in the table. */
export function removeChain(name: string, why: string): Command {
  return { why, argv: unload([name]) };
}

/** Removes the chains that are there, and with the last ones the table. */
export function remove(chains: readonly string[], seen: Seen, why: string): readonly Command[] {
  const there = chains.filter((name) => seen.has(name));
  if (there.length === 0) return [];
  if (there.length === seen.size) return [{ why, argv: ["nft", "delete", "table", "ip", table] }];
  return there.map((name) => ({ why, argv: unload([name]) }));
}

/** Removes chains with their sets, whatever of them is there. The table goes if there is no other chain in it. */
export function removeWithSets(
  chains: readonly Chain[],
  seen: Seen,
  why: string,
  { nft }: Family,
): readonly Command[] {
  const there = chains.filter(({ name }) => seen.has(name));
  if (there.length === 0) return [];
  if (there.length === seen.size) return [{ why, argv: ["nft", "delete", "table", nft, table] }];
  const at = `${nft} ${table}`;
  const sets = new Set(chains.flatMap((chain) => chain.sets ?? []));
  const text = [
    ...there.flatMap(({ name }) => [`flush chain ${at} ${name}`, `delete chain ${at} ${name}`]),
    ...[...sets].flatMap((set) => [`add set ${at} ${set} { ${setType}; }`, `delete set ${at} ${set}`]),
  ];
  return [{ why, argv: ["nft", text.join("; ")] }];
}
