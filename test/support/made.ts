/**
 * The facts of a host after a resource's commands, for tests of pure kinds: the files that they write, and the chains
 * and jumps of iptables in the script that they load. It reads the very text that a host gets.
 */
import type { Command } from "../../provider/engine/command.js";
import { type Rule, sameRule, type TableSeen, words } from "../../provider/facts/iptables.js";
import { restoredBy } from "./loaded.js";

interface ScriptsSeen {
  readonly files: ReadonlyMap<string, string>;
  readonly enabled: ReadonlySet<string>;
}

/** The files and units that the commands leave on the host. */
export function withFiles(commands: readonly Command[], before: ScriptsSeen): ScriptsSeen {
  const written = commands.flatMap(({ quick: [verb, to] = [], stdin }) =>
    verb !== "write" || to === undefined || stdin === undefined ? [] : [[to, stdin] as const],
  );
  const links = commands.flatMap(({ quick: [verb, , path] = [] }) =>
    verb === "link" && path !== undefined ? [path] : [],
  );
  return {
    files: new Map([...before.files, ...written]),
    enabled: new Set([...before.enabled, ...links]),
  };
}

/** The table after the commands, by what iptables-restore gets from the scripts that they load. */
export function withRules(commands: readonly Command[], table: string, before: TableSeen): TableSeen {
  const saved = [`*${table}`, ...savedLines(before), "COMMIT"];
  const scripts = commands.flatMap(({ argv, stdin }) =>
    argv.length === 1 && stdin !== undefined ? [stdin] : [],
  );
  const chains = new Map(before.chains);
  let current = "";
  for (const line of scripts.flatMap((script) => restoredBy(script, saved))) {
    const [verb = "", chain = "", ...rule] = words(line);
    if (line.startsWith("*")) current = line.slice(1);
    if (current !== table) continue;
    const held = chains.get(chain) ?? [];
    if (verb.startsWith(":")) chains.set(verb.slice(1), []);
    if (verb === "-N") chains.set(chain, []);
    if (verb === "-A") chains.set(chain, [...held, rule]);
    if (verb === "-I") chains.set(chain, [rule, ...held]);
    if (verb === "-D") chains.set(chain, without(held, rule));
  }
  return { ...before, chains };
}

function without(rules: readonly Rule[], rule: Rule): readonly Rule[] {
  const at = rules.findIndex((each) => sameRule(each, rule));
  return at < 0 ? rules : rules.toSpliced(at, 1);
}

/** As iptables-save prints a table. */
function savedLines({ policies, chains }: TableSeen): readonly string[] {
  return [
    ...[...chains.keys()].map((chain) => `:${chain} ${policies.get(chain) ?? "-"} [0:0]`),
    ...[...chains].flatMap(([chain, rules]) => rules.map((rule) => `-A ${chain} ${rule.join(" ")}`)),
  ];
}
