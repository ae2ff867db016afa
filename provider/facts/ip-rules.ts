/** iproute2's policy rules, and the routes of the tables that they name beside `main`. */
import { type Answer, type Command, readOnce } from "../engine/command.js";
import { costly, fact } from "../engine/fact.js";
import { parseHostOrRange, type Range } from "../plan/cidr.js";
import { type Family, v4 } from "../plan/family.js";

/** One line for each rule, "5270: from all lookup 52", and for each route of a table, "table 52 172.30.0.0/16 dev vpn0". */
function question({ ip }: Family): Command {
  return {
    why: "read the policy rules and their tables",
    argv: [
      ...["sh", "-c"],
      `rules=$(ip ${ip} rule show) || exit; printf '%s\\n' "$rules"; printf '%s\\n' "$rules" | ` +
        "sed -n 's/.* lookup \\([^ ]*\\).*/\\1/p' | sort -u | grep -vx 'local\\|main\\|default' | while read -r table; do " +
        `ip ${ip} route show table "$table" | sed "s/^/table $table /"; done; :`,
    ],
    ...(ip === v4.ip ? { quick: ["rules"] } : {}),
    lasting: true,
  };
}

export interface Rule {
  readonly priority: number;
  /** As iproute2 prints it, without the priority. */
  readonly text: string;
  /** The table that is looked up. undefined if the rule drops or refuses what it matches. */
  readonly table?: string;
  /** Without it packets from everywhere match. */
  readonly from?: Range;
  readonly to?: Range;
  readonly incoming?: string;
  /** It matches what its conditions do not. */
  readonly isInverted: boolean;
  /** Conditions beside those: a mark, a user, a port. */
  readonly hasMore: boolean;
  /** Routes with a prefix length up to this do not count. */
  readonly suppressed?: number;
}

export interface TableRoute {
  readonly table: string;
  readonly range: Range;
  /** "172.30.0.0/16 dev vpn0" */
  readonly text: string;
  readonly gateway?: string;
  /** The kernel goes on with the next rule. */
  readonly isThrow: boolean;
}

export interface Policy {
  readonly rules: readonly Rule[];
  readonly routes: readonly TableRoute[];
}

/** The rules in the kernel's order. Empty if they cannot be read. */
export function policyOf(family: Family) {
  return fact([question(family)], readerOf(family));
}

export const policy = policyOf(v4);
/** The same for a kind that needs it only before a change. */
export const costlyPolicy = costly([question(v4)], readerOf(v4));

function readerOf(family: Family) {
  return readOnce(({ stdout }: Answer): Policy => {
    const lines = stdout.split("\n");
    const rules = lines.flatMap((line) => ruleOf(line, family)).sort((a, b) => a.priority - b.priority);
    return { rules, routes: lines.flatMap((line) => routeOf(line, family)) };
  });
}

const known = new Set(["from", "to", "iif", "lookup", "suppress_prefixlength", "proto", "goto"]);

function ruleOf(line: string, family: Family): readonly Rule[] {
  const [, priority, text = ""] = /^(\d+):\s+(.*?)\s*$/.exec(line) ?? [];
  if (priority === undefined) return [];
  const isInverted = text.startsWith("not ");
  const words = text.replace(/^not /, "").split(/\s+/);
  const after = (word: string) => (words.includes(word) ? words[words.indexOf(word) + 1] : undefined);
  const [from, to] = ["from", "to"].map((word) => rangeOf(after(word), family));
  const [table, incoming, suppressed] = [after("lookup"), after("iif"), after("suppress_prefixlength")];
  const names = words.filter((word, at) => /^[a-z]/.test(word) && !known.has(words[at - 1] ?? ""));
  return [
    {
      ...{ priority: Number(priority), text, isInverted },
      ...(table === undefined ? {} : { table }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(incoming === undefined ? {} : { incoming }),
      hasMore: names.some((name) => !known.has(name) && !endings.has(name)),
      ...(suppressed === undefined ? {} : { suppressed: Number(suppressed) }),
    },
  ];
}

/** The actions of a rule in place of looking a table up. */
const endings = new Set(["blackhole", "unreachable", "prohibit"]);

function routeOf(line: string, family: Family): readonly TableRoute[] {
  const [, table, text = ""] = /^table (\S+) (.*?)\s*$/.exec(line) ?? [];
  if (table === undefined) return [];
  const [, kind = "", target = ""] =
    /^(?:(unicast|throw|blackhole|unreachable|prohibit) )?(\S+)/.exec(text) ?? [];
  const range = rangeOf(target === "default" ? family.everything : target, family);
  const gateway = / via (\S+)/.exec(text)?.[1];
  if (range === undefined) return [];
  return [{ table, range, text, isThrow: kind === "throw", ...(gateway === undefined ? {} : { gateway }) }];
}

/** "all" is no range. */
function rangeOf(text: string | undefined, family: Family): Range | undefined {
  const parsed = text === undefined || text === "all" ? undefined : parseHostOrRange(text, family);
  return parsed !== undefined && "value" in parsed ? parsed.value : undefined;
}
