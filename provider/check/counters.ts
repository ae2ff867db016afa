/** The traces of a dead packet on a host: counters of every packet filter, the route, neighbours, drops by rp_filter. */
import { type Answer, type Command, unseen } from "../engine/command.js";
import * as others from "../facts/nft-foreign.js";

/** A rule with a counter, in its tool's own words. */
export interface Counter {
  readonly tool: "iptables" | "nft";
  /** "raw", or "ip docker-bridges". */
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
  readonly packets: number;
  readonly drops: boolean;
}

/** The traces on a host at one moment. */
export interface Snapshot {
  readonly counters: readonly Counter[];
  /** Other programs' rules that drop and count nothing: the packets that they dropped show nowhere. */
  readonly uncounted: readonly Counter[];
  /** Packets that rp_filter dropped since boot. */
  readonly reversePath: number;
  readonly forwards: boolean;
  /** The kernel's way for the packet: "172.30.1.2 from 172.30.0.2 via 192.168.1.2 dev eth0". */
  readonly route: string;
  /** State of each neighbour by its address: "REACHABLE", "FAILED". */
  readonly neighbours: ReadonlyMap<string, string>;
}

/** The questions from which a snapshot is read, with the route of a packet that comes from a bridge. */
export function snapshotQuestions(source: string, destination: string, bridge: string): readonly Command[] {
  const kernel = ["/proc/sys/net/ipv4/ip_forward", "/proc/net/netstat"];
  const route = ["ip", "-4", "route", "get", destination, "from", source, "iif", bridge];
  return [
    { why: "read the counters of iptables", argv: ["iptables-save", "-c"] },
    { why: "read the counters of nftables", argv: ["nft", "-y", "list", "ruleset"] },
    { why: "read what the kernel forwards and drops", argv: ["cat", ...kernel] },
    { why: `ask the kernel for the route to ${destination}`, argv: route },
    { why: "read the neighbours", argv: ["ip", "-4", "neigh", "show"] },
  ];
}

export function readSnapshot(answers: readonly Answer[]): Snapshot {
  const [iptables = unseen, nft = unseen, kernel = unseen, route = unseen, neighbours = unseen] = answers;
  const rules = `${iptables.stdout}\n${nft.stdout}`.split("\n");
  return {
    counters: readCounters(rules),
    uncounted: others
      .dropping(others.read({ code: 0, stdout: rules.join("\n"), stderr: "" }))
      .filter(({ rule }) => !/\bcounter\b/.test(rule))
      .map(({ table, chain, rule }) => ({ tool: "nft", table, chain, rule, packets: 0, drops: true })),
    reversePath: reversePathOf(kernel.stdout),
    forwards: !kernel.stdout.startsWith("0\n"),
    // iproute2 writes "RTNETLINK answers: Network is unreachable" to stderr.
    route: `${route.stdout} ${route.stderr}`.replace(/\s+/g, " ").trim(),
    neighbours: new Map(
      neighbours.stdout.split("\n").map((line) => {
        const words = line.trim().split(/ +/);
        return [words[0] ?? "", words.at(-1) ?? ""];
      }),
    ),
  };
}

/** /proc/net/netstat has two lines "TcpExt: ...": names, then numbers. */
function reversePathOf(netstat: string): number {
  const [names = [], numbers = []] = netstat
    .split("\n")
    .flatMap((line) => (line.startsWith("TcpExt: ") ? [line.split(" ")] : []));
  return Number(numbers[names.indexOf("IPReversePathFilter")] ?? 0);
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
    // nft shows the tables of iptables-nft again.
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

/** The counters that grew between two snapshots. */
export function grown(before: Snapshot, after: Snapshot): readonly Counter[] {
  const was = new Map<string, number>();
  for (const counter of before.counters) was.set(keyOf(counter), counter.packets);
  return after.counters.filter((counter) => counter.packets > (was.get(keyOf(counter)) ?? 0));
}

function keyOf({ tool, table, chain, rule }: Counter): string {
  return [tool, table, chain, rule].join(" | ");
}
