/**
 * The facts of a host after a resource's commands, for tests of pure kinds: the files that they write, and the chains
 * and jumps of iptables in the script that they load. It reads the very text that a host gets.
 */
import type { Command } from "../../provider/engine/command.js";
import { readTable, type TableSeen, words } from "../../provider/facts/iptables.js";
import { said } from "./recorded.js";

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

/** The table after the commands: the chains that iptables-restore fills, and each rule that is put first. */
export function withRules(commands: readonly Command[], table: string, before: TableSeen): TableSeen {
  const lines = commands.flatMap(({ argv, stdin }) => (argv.length === 1 ? (stdin ?? "").split("\n") : []));
  // A table may be named more than once; each time up to its COMMIT.
  const filled = lines.flatMap((line, at) =>
    line === `*${table}` ? lines.slice(at + 1, lines.indexOf("COMMIT", at)) : [],
  );
  const made = readTable(said(filled.map((line) => line.replace(/^:(\S+) .*/, "-N $1")).join("\n")));
  const chains = new Map([...before.chains, ...made.chains]);
  for (const line of lines) {
    const ensured = new RegExp(`^iptables -w -t ${table} -N (\\S+)`).exec(line)?.[1];
    if (ensured !== undefined) chains.set(ensured, chains.get(ensured) ?? []);
    const [, chain, rule] = new RegExp(`\\|\\| iptables -w -t ${table} -I (\\S+) 1 (.*)$`).exec(line) ?? [];
    if (chain !== undefined && rule !== undefined)
      chains.set(chain, [words(rule), ...(chains.get(chain) ?? [])]);
  }
  return { ...before, chains };
}
