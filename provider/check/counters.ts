/** Where packets leave a trail on a host: counters of every packet filter, the route, neighbours, drops by rp_filter. */
import type { Answer, Command } from "../engine/command.js";
import * as others from "../facts/nft-foreign.js";

/** A rule that counts, in its tool's own words. */
export interface Counter {
  readonly tool: "iptables" | "nft";
  /** "raw", or "ip docker-bridges". */
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
  readonly packets: number;
  readonly drops: boolean;
}

export interface Trail {
  readonly counters: readonly Counter[];
  /** Rules of others that drop and count nothing: what they dropped shows nowhere. */
  readonly silent: readonly Counter[];
  /** Packets that rp_filter dropped since boot. */
  readonly reversePath: number;
  readonly forwards: boolean;
  /** What the kernel would do with the packet: "172.30.1.2 from 172.30.0.2 via 192.168.1.2 dev eth0". */
  readonly route: string;
  /** State of each neighbour by its address: "REACHABLE", "FAILED". */
  readonly neighbours: ReadonlyMap<string, string>;
}

const script = `
iptables-save -c 2>/dev/null
nft -y list ruleset 2>/dev/null
echo "@reverse $(awk '/^TcpExt:/ { if (n++) print $at; else for (i = 1; i <= NF; i++) if ($i == "IPReversePathFilter") at = i }' /proc/net/netstat)"
echo "@forward $(cat /proc/sys/net/ipv4/ip_forward)"
echo "@route $(ip -4 route get "$2" from "$1" iif "$3" 2>&1 | tr '\\n' ' ')"
ip -4 neigh show | sed 's/^/@neighbour /'
`;

/** Reads all trails, and the route of a packet that comes from a bridge. */
export function askTrail(source: string, destination: string, bridge: string): Command {
  return {
    why: "read where packets died",
    argv: ["sh", "-c", script, "dockroute-check", source, destination, bridge],
  };
}

export function readTrail({ stdout }: Answer): Trail {
  const lines = stdout.split("\n");
  const told = (word: string) =>
    lines.flatMap((line) => (line.startsWith(`@${word} `) ? [line.slice(word.length + 2).trim()] : []));
  return {
    counters: readCounters(lines),
    silent: others
      .dropping(others.read({ code: 0, stdout, stderr: "" }))
      .filter(({ rule }) => !/\bcounter\b/.test(rule))
      .map(({ table, chain, rule }) => ({ tool: "nft", table, chain, rule, packets: 0, drops: true })),
    reversePath: Number(told("reverse")[0] ?? 0),
    forwards: told("forward")[0] !== "0",
    route: told("route")[0] ?? "",
    neighbours: new Map(
      told("neighbour").map((line) => {
        const words = line.split(" ");
        return [words[0] ?? "", words.at(-1) ?? ""];
      }),
    ),
  };
}

function readCounters(lines: readonly string[]): readonly Counter[] {
  const found: Counter[] = [];
  const compatible = new Set<string>();
  let table = "";
  let chain = "";
  for (const line of lines) {
    const start = /^(?:\*(\S+)|table (\S+ \S+) \{)/.exec(line);
    if (start) {
      table = start[1] ?? start[2] ?? "";
      if (start[1] !== undefined) compatible.add(`ip ${table}`);
      continue;
    }
    chain = /^\tchain (\S+) \{/.exec(line)?.[1] ?? chain;
    // nft shows the tables of iptables-nft a second time.
    if (compatible.has(table)) continue;
    const counter = fromIptables(table, line) ?? fromNft(table, chain, line);
    if (counter) found.push(counter);
  }
  return found;
}

function fromIptables(table: string, line: string): Counter | undefined {
  const policy = /^:(\S+) (ACCEPT|DROP) \[(\d+):\d+\]$/.exec(line);
  if (policy) {
    const [, chain = "", verdict = "", packets] = policy;
    const rule = `the policy ${verdict}`;
    return { tool: "iptables", table, chain, rule, packets: Number(packets), drops: verdict === "DROP" };
  }
  const rule = /^\[(\d+):\d+\] -A (\S+) (.*)$/.exec(line);
  if (!rule) return undefined;
  const [, packets, chain = "", words = ""] = rule;
  return {
    ...{ tool: "iptables", table, chain, rule: words, packets: Number(packets) },
    drops: /-j (DROP|REJECT)\b/.test(words),
  };
}

function fromNft(table: string, chain: string, line: string): Counter | undefined {
  const counted = /^\t\t(.*?)\s*\bcounter packets (\d+) bytes \d+\s*(.*)$/.exec(line);
  if (!counted) return undefined;
  const [, before = "", packets, after = ""] = counted;
  const rule = `${before} ${after}`.trim();
  return { tool: "nft", table, chain, rule, packets: Number(packets), drops: /^(drop|reject)\b/.test(after) };
}

/** The counters that grew in between. */
export function grown(before: Trail, after: Trail): readonly Counter[] {
  const was = new Map<string, number>();
  for (const counter of before.counters) was.set(keyOf(counter), counter.packets);
  return after.counters.filter((counter) => counter.packets > (was.get(keyOf(counter)) ?? 0));
}

function keyOf({ tool, table, chain, rule }: Counter): string {
  return [tool, table, chain, rule].join(" | ");
}
