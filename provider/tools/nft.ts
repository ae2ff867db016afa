/**
 * nftables: dockroute's own table `ip dockroute`, one nat chain a MasqueradeRule. Read as JSON, written as the
 * text that `nft -f` loads in one transaction.
 */
import { z } from "zod";
import type { Answer, Command } from "../command.js";
import type { Line } from "./parts.js";

export const table = "dockroute";

/**
 * Before Docker's own nat chains (srcnat, 100): whichever backend Docker uses and whatever order its rules
 * have, a flow whose source address has been decided here is not asked there again.
 */
const priority = 90;

/** One rule of a nat chain. `snat` binds a flow to the address it has; without a destination it is for all others. */
export interface NatRule {
  readonly interfaces: readonly string[];
  readonly source: string;
  readonly destination?: string;
  readonly action: "keep" | "masquerade";
}

/** The chains of table `ip dockroute`, by name; a rule that is not one of ours to the letter is "foreign". */
export type NatChains = ReadonlyMap<string, readonly (NatRule | "foreign")[]>;

export const questions = [
  { why: "read the nat rules", argv: ["nft", "-j", "list", "table", "ip", table] },
] as const satisfies readonly Command[];

/** The tables of the family ip: those of iptables too, where its rules are kept in nft. */
export const tablesQuestion: Command = {
  why: "read which nft tables there are",
  argv: ["nft", "list", "tables", "ip"],
};

/** undefined where there is no nft to tell. */
export function readTables({ code, stdout }: Answer): ReadonlySet<string> | undefined {
  if (code !== 0) return undefined;
  return new Set([...stdout.matchAll(/^table ip (\S+)$/gm)].map(([, name]) => name ?? ""));
}

/** The chain is named too: the kernel refuses both where a rule stands in it. */
export function deleteEmptyTable(name: string, chain: string, why: string): Command {
  return { why, argv: ["nft", `delete chain ip ${name} ${chain}; delete table ip ${name}`] };
}

const prefix = z.union([z.string(), z.object({ prefix: z.object({ addr: z.string(), len: z.number() }) })]);
const match = <T extends z.ZodType, R extends z.ZodType>(left: T, right: R) =>
  z.object({ match: z.object({ op: z.literal("=="), left, right }).strict() }).strict();
const address = (field: "saddr" | "daddr") =>
  z.object({ payload: z.object({ protocol: z.literal("ip"), field: z.literal(field) }) });

const out = match(
  z.object({ meta: z.object({ key: z.literal("oifname") }) }),
  z.union([z.string(), z.object({ set: z.array(z.string()) })]),
);
const keepShape = z.tuple([
  out,
  match(address("saddr"), prefix),
  match(address("daddr"), prefix),
  z.object({ snat: z.object({ addr: address("saddr") }).strict() }).strict(),
]);
const masqueradeShape = z.tuple([
  out,
  match(address("saddr"), prefix),
  z.object({ masquerade: z.null() }).strict(),
]);

const listing = z.object({
  nftables: z.array(
    z.object({
      chain: z
        .object({ name: z.string(), hook: z.string().optional(), prio: z.number().optional() })
        .optional(),
      rule: z.object({ chain: z.string(), expr: z.array(z.unknown()) }).optional(),
    }),
  ),
});

export function readNat(answer: Answer): NatChains {
  const chains = new Map<string, (NatRule | "foreign")[]>();
  // The table's absence is a failure of the command, and there is no nft on some hosts: either way no chain of ours.
  if (answer.code !== 0 || answer.stdout.trim() === "") return chains;
  for (const { chain, rule } of listing.parse(JSON.parse(answer.stdout)).nftables) {
    if (chain !== undefined)
      chains.set(chain.name, chain.hook === "postrouting" && chain.prio === priority ? [] : ["foreign"]);
    if (rule !== undefined) chains.get(rule.chain)?.push(readRule(rule.expr));
  }
  return chains;
}

function readRule(expr: readonly unknown[]): NatRule | "foreign" {
  const keep = keepShape.safeParse(expr);
  if (keep.success) {
    const [nic, from, to] = keep.data;
    return {
      ...common(nic.match.right, from.match.right),
      destination: range(to.match.right),
      action: "keep",
    };
  }
  const masquerade = masqueradeShape.safeParse(expr);
  if (!masquerade.success) return "foreign";
  const [nic, from] = masquerade.data;
  return { ...common(nic.match.right, from.match.right), action: "masquerade" };
}

function common(nic: z.infer<typeof out>["match"]["right"], source: z.infer<typeof prefix>) {
  const interfaces = typeof nic === "string" ? [nic] : [...nic.set].sort();
  return { interfaces, source: range(source) };
}

function range(found: z.infer<typeof prefix>): string {
  return typeof found === "string" ? `${found}/32` : `${found.prefix.addr}/${found.prefix.len}`;
}

/** Whether the chain is there with exactly these rules. */
export function hasNat(seen: NatChains, chain: string, rules: readonly NatRule[]): boolean {
  const held = seen.get(chain);
  return (
    held?.length === rules.length &&
    held.every((rule, at) => JSON.stringify(rule) === JSON.stringify(rules[at]))
  );
}

/** Makes the chain anew in one transaction, whatever is there under its name. */
export function loadNat(chain: string, rules: readonly NatRule[]): Line {
  const text = [
    `add table ip ${table}`,
    `add chain ip ${table} ${chain}`,
    `flush chain ip ${table} ${chain}`,
    `delete chain ip ${table} ${chain}`,
    `table ip ${table} {`,
    `  chain ${chain} {`,
    `    type nat hook postrouting priority ${priority}; policy accept;`,
    ...rules.map((rule) => `    ${ruleText(rule)}`),
    "  }",
    "}",
  ];
  return { argv: ["nft", "-f", "-"], stdin: `${text.join("\n")}\n` };
}

/** One destination a rule: nft merges neighbours in a set, and what is read would no longer be what was written. */
function ruleText({ interfaces, source, destination, action }: NatRule): string {
  const nics = interfaces.map((name) => `"${name}"`).join(", ");
  const to = destination === undefined ? "" : ` ip daddr ${destination}`;
  const verdict = action === "keep" ? "snat to ip saddr" : "masquerade";
  return `oifname { ${nics} } ip saddr ${source}${to} ${verdict}`;
}

/** Removes the chain, and with the last one the table. */
export function deleteNat(chain: string, seen: NatChains, why: string): readonly Command[] {
  if (!seen.has(chain)) return [];
  if (seen.size === 1) return [{ why, argv: ["nft", "delete", "table", "ip", table] }];
  return [{ why, argv: ["nft", `flush chain ip ${table} ${chain}; delete chain ip ${table} ${chain}`] }];
}
