/**
 * nftables: dockroute's own table `ip dockroute`, a chain for each purpose of a resource. Read as JSON, written
 * as the text that `nft -f` loads in one transaction; each word of a rule is here in both forms, side by side.
 */
import { z } from "zod";
import type { Answer, Command } from "../command.js";
import type { Line } from "./parts.js";

export const table = "dockroute";

/** The bit by which Docker's nftables backend lets a packet in (`bridge-accept-fwmark`), away from other tools' bits. */
export const mark = 0x10000000;
const markText = "0x10000000";
/** Value and mask, the form of that key. */
export const markKey = `${markText}/${markText}`;

/** The hooks that dockroute uses, each before Docker's own chains at the same place. */
const hooks = {
  /** Before Docker's srcnat (100): a flow whose address is decided here is not asked there again. */
  nat: { type: "nat", hook: "postrouting", prio: 90 },
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
}

export interface Rule {
  readonly matches: readonly Match[];
  readonly verdict: keyof typeof verdicts;
}

export type Match =
  | { readonly on: "iifname" | "oifname"; readonly names: readonly string[] }
  | { readonly on: "saddr" | "daddr"; readonly range: string }
  /** The interface that the destination is reached by; "br-*" stands for all that begin so. */
  | { readonly on: "towards"; readonly name: string }
  /** Only tcp, udp or sctp have a number: "443", or "8000:8010". */
  | { readonly on: "port"; readonly protocol: string; readonly number?: string }
  | { readonly on: "unmarked" }
  /** The first packet of a flow. */
  | { readonly on: "new" }
  /** The first packet of a flow that does not come by a published port. */
  | { readonly on: "new and not published" };

/** What each verdict is as text, and as `nft -j` prints it. */
const verdicts = {
  // Binding the flow to the address it has ends NAT for it; accept would leave it to the next chain.
  keep: { text: "snat to ip saddr", json: { snat: { addr: field("saddr") } } },
  masquerade: { text: "masquerade", json: { masquerade: null } },
  mark: {
    text: `meta mark set meta mark or ${markText}`,
    json: { mangle: { key: meta("mark"), value: { "|": [meta("mark"), mark] } } },
  },
  drop: { text: "drop", json: { drop: null } },
  accept: { text: "accept", json: { accept: null } },
} as const;

export const questions = [
  { why: "read the nft rules", argv: ["nft", "-j", "list", "table", "ip", table] },
] as const satisfies readonly Command[];

/** The chains of the table `ip dockroute` as `nft -j` prints them, without handles and counters. */
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

export function read(answer: Answer): Seen {
  const chains = new Map<string, { hook: unknown; rules: (readonly unknown[])[] }>();
  // The table's absence is a failure of the command, and there is no nft on some hosts: either way no chain of ours.
  if (answer.code !== 0 || answer.stdout.trim() === "") return chains;
  for (const { chain, rule } of listing.parse(JSON.parse(answer.stdout)).nftables) {
    if (chain !== undefined) {
      const { name, type, hook, prio } = chain;
      chains.set(name, { hook: { type, hook, prio }, rules: [] });
    }
    if (rule !== undefined) chains.get(rule.chain)?.rules.push(rule.expr);
  }
  return chains;
}

/** Whether the chain is there with exactly these rules. */
export function has(seen: Seen, chain: Chain): boolean {
  const held = seen.get(chain.name);
  if (held === undefined) return false;
  const wanted = { hook: hooks[chain.at], rules: chain.rules.map(exprOf) };
  return JSON.stringify({ hook: held.hook, rules: held.rules }) === JSON.stringify(wanted);
}

/** The ranges that a chain's rules match a destination with, in words of the inputs. */
export function destinations(seen: Seen, chain: string): readonly string[] {
  const right = z.union([z.string(), z.object({ prefix: z.object({ addr: z.string(), len: z.number() }) })]);
  const toRange = z.object({
    match: z.object({ left: z.object({ payload: z.object({ field: z.literal("daddr") }) }), right }),
  });
  return (seen.get(chain)?.rules ?? []).flatMap((expr) =>
    expr.flatMap((part) => {
      const found = toRange.safeParse(part).data?.match.right;
      if (found === undefined) return [];
      return [typeof found === "string" ? `${found}/32` : `${found.prefix.addr}/${found.prefix.len}`];
    }),
  );
}

function exprOf({ matches, verdict }: Rule): readonly unknown[] {
  return [...matches.flatMap(matchJson), verdicts[verdict].json];
}

function matchJson(match: Match): readonly unknown[] {
  switch (match.on) {
    case "iifname":
    case "oifname": {
      const [only, ...others] = match.names;
      return [equal(meta(match.on), others.length === 0 ? only : { set: match.names })];
    }
    case "saddr":
    case "daddr":
      return [equal(field(match.on), rangeJson(match.range))];
    case "towards":
      return [equal({ fib: { result: "oifname", flags: ["daddr"] } }, match.name)];
    case "port":
      return portJson(match.protocol, match.number);
    case "unmarked":
      return [equal({ "&": [meta("mark"), mark] }, 0)];
    case "new":
      return [isNew];
    case "new and not published":
      return [isNew, { match: { op: "!", left: { ct: { key: "status" } }, right: "dnat" } }];
  }
}

const isNew = { match: { op: "in", left: { ct: { key: "state" } }, right: "new" } };

function matchText(match: Match): string {
  switch (match.on) {
    case "iifname":
    case "oifname":
      return `${match.on} { ${match.names.map((name) => `"${name}"`).join(", ")} }`;
    case "saddr":
    case "daddr":
      return `ip ${match.on} ${match.range}`;
    case "towards":
      return `fib daddr oifname "${match.name}"`;
    case "port":
      if (match.number === undefined) return `ip protocol ${match.protocol}`;
      return `${match.protocol} dport ${match.number.replace(":", "-")}`;
    case "unmarked":
      return `meta mark and ${markText} == 0`;
    case "new":
      return "ct state new";
    case "new and not published":
      return "ct state new ct status and dnat == 0";
  }
}

function portJson(protocol: string, number: string | undefined): readonly unknown[] {
  if (number === undefined) return [equal({ payload: { protocol: "ip", field: "protocol" } }, protocol)];
  const [from, to] = number.split(":").map(Number);
  return [equal({ payload: { protocol, field: "dport" } }, to === undefined ? from : { range: [from, to] })];
}

function equal(left: unknown, right: unknown): unknown {
  return { match: { op: "==", left, right } };
}

function meta(key: string) {
  return { meta: { key } };
}

function field(name: "saddr" | "daddr") {
  return { payload: { protocol: "ip", field: name } };
}

function rangeJson(range: string): unknown {
  const [addr = "", length] = range.split("/");
  return length === "32" ? addr : { prefix: { addr, len: Number(length) } };
}

/** Makes the chains anew in one transaction, whatever is there under their names. */
export function load(chains: readonly Chain[]): Line {
  const text = [
    `add table ip ${table}`,
    ...chains.flatMap(({ name }) => [
      `add chain ip ${table} ${name}`,
      `flush chain ip ${table} ${name}`,
      `delete chain ip ${table} ${name}`,
    ]),
    `table ip ${table} {`,
    ...chains.flatMap(chainText),
    "}",
  ];
  return { argv: ["nft", "-f", "-"], stdin: `${text.join("\n")}\n` };
}

/** One destination a rule: nft merges neighbours in a set, and what is read would no longer be what was written. */
function chainText({ name, at, rules }: Chain): readonly string[] {
  const { type, hook, prio } = hooks[at];
  return [
    `  chain ${name} {`,
    `    type ${type} hook ${hook} priority ${prio}; policy accept;`,
    ...rules.map(
      ({ matches, verdict }) => `    ${[...matches.map(matchText), verdicts[verdict].text].join(" ")}`,
    ),
    "  }",
  ];
}

/** Asks whether Docker's nftables backend has its filter in place. */
export const askForDockers: readonly string[] = ["nft", "list", "table", "ip", "docker-bridges"];

/** Removes a chain, where it is there. */
export function unload(chain: string): readonly string[] {
  return ["nft", `flush chain ip ${table} ${chain}; delete chain ip ${table} ${chain}`];
}

/** Removes the chains, and with the last ones the table. */
export function remove(chains: readonly string[], seen: Seen, why: string): readonly Command[] {
  const there = chains.filter((name) => seen.has(name));
  if (there.length === 0) return [];
  if (there.length === seen.size) return [{ why, argv: ["nft", "delete", "table", "ip", table] }];
  return there.map((name) => ({ why, argv: unload(name) }));
}
