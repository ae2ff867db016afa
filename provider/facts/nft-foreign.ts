/**
 * Other programs' nftables: a drop in any base chain ends a packet, and the first nat chain decides for good. So the
 * rules that are neither Docker's nor ours are read as text.
 */
import { type Answer, type Command, readOnce } from "../engine/command.js";
import { costly, fact } from "../engine/fact.js";

/** Without the contents of sets, which can be huge; priorities as numbers. */
export const question: Command = {
  why: "read the nft rules of others",
  argv: ["nft", "-s", "-t", "-y", "list", "ruleset"],
  quick: ["nft"],
};

/** The chains of other programs. */
export const foreign = fact([question], (answer) => read(answer));
/** The same for a kind that needs them only if something is due. */
export const costlyForeign = costly([question], (answer) => read(answer));

export interface Chain {
  /** "ip other" */
  readonly table: string;
  readonly name: string;
  readonly base?: { readonly type: string; readonly hook: string; readonly prio: number } | undefined;
  readonly rules: readonly string[];
}

/** Tables that other files of this folder read: iptables', Docker's, firewalld's and ours. */
const known =
  /^(ip6? (filter|nat|raw|mangle|security|docker-bridges|dockroute)|inet firewalld|(arp|bridge|netdev|ip6) .*)$/;

export const read = readOnce((answer: Answer): readonly Chain[] => {
  const chains: { table: string; name: string; base?: Chain["base"]; rules: string[] }[] = [];
  let table = "";
  let open = false;
  for (const line of answer.stdout.split("\n")) {
    // Behind the brace a newer nft names the program that owns the table.
    table = /^table (.*?) \{(?: #.*)?$/.exec(line)?.[1] ?? table;
    const name = /^\tchain (\S+) \{$/.exec(line)?.[1];
    const chain = chains.at(-1);
    if (name !== undefined) chains.push({ table, name, rules: [] });
    if (/^\t\S/.test(line)) open = name !== undefined;
    if (!open || name !== undefined || chain === undefined) continue;
    const [, type, hook, prio] = /^\t\ttype (\w+) hook (\w+).* priority (-?\d+);/.exec(line) ?? [];
    if (type !== undefined && hook !== undefined) chain.base = { type, hook, prio: Number(prio) };
    const rule = type === undefined ? line.trim() : /policy drop/.exec(line)?.[0];
    if (rule) chain.rules.push(rule);
  }
  return chains.filter(({ table: of }) => !known.test(of));
});

/** Rules that may drop a packet that is routed through the host. */
export function drops(chains: readonly Chain[]): readonly string[] {
  return dropping(chains).map(({ text }) => text);
}

/** The same, each with its place. */
export function dropping(chains: readonly Chain[]): readonly Reached[] {
  const hooks = ["ingress", "prerouting", "forward", "postrouting"];
  return reached(chains, (base) => base.type === "filter" && hooks.includes(base.hook)).filter(
    ({ rule }) => /(^| )(drop|reject)\b/.test(rule) && !/ct state invalid/.test(rule),
  );
}

export interface Reached {
  /** "ip other" */
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
  readonly text: string;
}

/**
 * Rules that may give a packet another source before the nat chain with this priority decides; or later, if they name
 * no interface: such a rule also matches what comes in for a container, on which our chain does not decide.
 */
export function masquerades(chains: readonly Chain[], before: number): readonly string[] {
  const isNat = (base: NonNullable<Chain["base"]>) => base.type === "nat" && base.hook === "postrouting";
  return chains
    .flatMap((chain) => {
      const first = (chain.base?.prio ?? 0) <= before;
      const begins = (base: NonNullable<Chain["base"]>) => base === chain.base && isNat(base);
      return reached(chains, begins).filter(({ rule }) => first || !/oifname/.test(rule));
    })
    .filter(({ rule }) => /(^| )(masquerade|snat)\b/.test(rule))
    .map(({ text }) => text);
}

/** The rules of such base chains, and of all chains that these lead to. */
function reached(
  chains: readonly Chain[],
  begins: (base: NonNullable<Chain["base"]>) => boolean,
): readonly Reached[] {
  const found = new Set(chains.filter(({ base }) => base !== undefined && begins(base)));
  for (const { table, rules } of found) {
    for (const [, to] of rules.join("\n").matchAll(/(?:jump|goto) ([^\s,}]+)/g)) {
      const next = chains.find((chain) => chain.table === table && chain.name === to);
      // The loop also visits what is added to the Set meanwhile.
      if (next !== undefined) found.add(next);
    }
  }
  return [...found].flatMap(({ table, name, rules }) =>
    rules.map((rule) => ({ table, chain: name, rule, text: `nft table ${table}, chain ${name}: ${rule}` })),
  );
}
