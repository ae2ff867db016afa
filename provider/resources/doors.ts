/**
 * The doors of a ForwardRule: every place in a host's packet filters that a packet for the destination has to
 * pass, as chains, jumps and lines of a part. Which ones there are is decided by what the host shows.
 */
import type { Command } from "../command.js";
import * as iptables from "../tools/iptables.js";
import * as nft from "../tools/nft.js";
import { type Line, nameOf } from "../tools/parts.js";
import { type Ground, linkOf, nicNames } from "./ground.js";

export interface Opening {
  readonly destination: string;
  readonly sources: readonly string[];
  readonly interfaces?: readonly string[] | undefined;
  readonly ports?: readonly string[] | undefined;
}

export interface Filters extends Ground {
  readonly filter: iptables.TableSeen;
  readonly raw: iptables.TableSeen;
  readonly nft: nft.Seen;
  readonly hasNft: boolean;
  /** Docker's rules are in nftables itself, where only its mark lets a packet in. */
  readonly nftBackend: boolean;
}

/** A jump by which iptables gets to one of our chains. */
export interface Jump {
  readonly table: "raw" | "filter";
  readonly from: string;
  readonly rule: iptables.Rule;
}

/**
 * DOCKER-USER is what Docker leaves to its users. With its nftables backend nothing leads there, but iptables'
 * own FORWARD still drops what ufw, or a Docker of before, has told it to: there both ways are opened, because
 * Docker's rules that let containers out are in nftables too.
 */
export function jumpsOf(wanted: Opening, seen: Pick<Filters, "nftBackend">): readonly Jump[] {
  const inward = jumpOf(wanted);
  return [
    { table: "raw", from: "PREROUTING", rule: inward },
    ...(seen.nftBackend
      ? ([
          { table: "filter", from: "FORWARD", rule: inward },
          { table: "filter", from: "FORWARD", rule: outwardJump(wanted) },
        ] as const)
      : ([{ table: "filter", from: "DOCKER-USER", rule: inward }] as const)),
  ];
}

interface Chain {
  readonly table: "raw" | "filter";
  readonly chain: string;
  readonly rules: readonly iptables.Rule[];
}

export function chainsOf(wanted: Opening, seen: Ground & Pick<Filters, "nftBackend">): readonly Chain[] {
  const chain = chainOf(wanted);
  return [
    ...(["raw", "filter"] as const).map((table) => ({ table, chain, rules: rulesOf(wanted, seen, table) })),
    ...(seen.nftBackend
      ? [{ table: "filter" as const, chain: outwardChainOf(wanted), rules: outwardRules(wanted, seen) }]
      : []),
  ];
}

/** With ports it is another chain: two rules for one destination stand beside each other. */
export function chainOf({ destination, ports }: Opening): string {
  return ports === undefined
    ? `DOCKROUTE-${nameOf(destination)}`
    : `DR-${nameOf(destination)}-${digest(ports)}`;
}

/** iptables' names end at 28 characters; four hex digits tell a host's few rules apart. */
export function digest(ports: readonly string[]): string {
  const sum = [...ports.join(" ")].reduce(
    (hash, letter) => (hash * 31 + (letter.codePointAt(0) ?? 0)) % 65521,
    7,
  );
  return sum.toString(16).padStart(4, "0");
}

export function jumpOf(wanted: Opening): iptables.Rule {
  return ["-d", wanted.destination, "-m", "comment", "--comment", "dockroute", "-j", chainOf(wanted)];
}

function outwardChainOf(wanted: Opening): string {
  return chainOf(wanted).replace(/^(DOCKROUTE|DR)-/, "DO-");
}

function outwardJump(wanted: Opening): iptables.Rule {
  const to = outwardChainOf(wanted);
  return ["-s", wanted.destination, "-m", "comment", "--comment", "dockroute", "-j", to];
}

function outwardRules(wanted: Opening, seen: Ground): readonly iptables.Rule[] {
  return wanted.sources.flatMap((to) =>
    nicsFor(wanted, seen).map((name) => ["-d", to, "-o", name, "-j", "ACCEPT"]),
  );
}

/** Replies of a peer to a container's own calls pass Docker's filter, and must not fail in raw, before conntrack. */
const replies: readonly iptables.Rule[] = [
  ["-p", "tcp", "-m", "tcp", "!", "--tcp-flags", "FIN,SYN,RST,ACK", "SYN"],
  ["-p", "udp"],
  ["-p", "icmp"],
];

export function rulesOf(wanted: Opening, seen: Ground, table: "raw" | "filter"): readonly iptables.Rule[] {
  const ports = wanted.ports?.map(portWords);
  const allowed = ports === undefined ? [[]] : table === "raw" ? [...ports.filter(isTcp), ...replies] : ports;
  return wanted.sources.flatMap((from) =>
    nicsFor(wanted, seen).flatMap((name) =>
      allowed.map((words) => ["-s", from, "-i", name, ...words, "-j", "ACCEPT"]),
    ),
  );
}

function isTcp([, protocol]: iptables.Rule): boolean {
  return protocol !== "udp" && protocol !== "icmp";
}

function portWords(text: string): iptables.Rule {
  const [protocol = "", number] = text.split("/");
  return number === undefined ? ["-p", protocol] : ["-p", protocol, "-m", protocol, "--dport", number];
}

export function nicsFor(wanted: Opening, seen: Ground): readonly string[] {
  if (wanted.interfaces !== undefined) return wanted.interfaces;
  const direct = wanted.sources.flatMap((from) => linkOf(seen, from.split("/")[0] ?? "") ?? []);
  return direct.length > 0 ? [...new Set(direct)].sort() : nicNames(seen);
}

/** Marks what may enter, for Docker's nftables backend. [] where Docker's rules are in iptables. */
export function markChains(wanted: Opening, seen: Filters): readonly nft.Chain[] {
  return seen.nftBackend
    ? [{ name: `mark-${chainOf(wanted)}`, at: "mark", rules: marksOf(wanted, seen) }]
    : [];
}

function marksOf(wanted: Opening, seen: Ground): readonly nft.Rule[] {
  const ports = wanted.ports?.map(portMatch) ?? [[]];
  return wanted.sources.flatMap((range) =>
    ports.map(
      (port): nft.Rule => ({
        matches: [
          { on: "iifname", names: nicsFor(wanted, seen) },
          { on: "saddr", range },
          { on: "daddr", range: wanted.destination },
          ...port,
        ],
        verdict: "mark",
      }),
    ),
  );
}

function portMatch(text: string): readonly nft.Match[] {
  const [protocol = "", number] = text.split("/");
  return [{ on: "port", protocol, ...(number === undefined ? {} : { number }) }];
}

/**
 * Stands in for Docker's own filter while that is not there: after a flush, and where FORWARD is left at ACCEPT
 * because ip_forward was on before dockerd started. Then only what the plan says may enter, as with it.
 */
export function guardNames(wanted: Opening): readonly string[] {
  return [`guard-${chainOf(wanted)}`, `guard-mark-${chainOf(wanted)}`];
}

/**
 * It drops what is not marked, rather than all but its own sources: a drop is the end of a packet, whatever the
 * guard of another rule for the same destination would say.
 */
function guardChains(wanted: Opening, seen: Filters): readonly nft.Chain[] {
  const [name = "", marking = ""] = guardNames(wanted);
  const matches: readonly nft.Match[] = [
    { on: "iifname", names: nicNames(seen) },
    { on: "daddr", range: wanted.destination },
    { on: "unmarked" },
    { on: "new and not published" },
  ];
  return [
    ...(seen.nftBackend ? [] : [{ name: marking, at: "mark", rules: marksOf(wanted, seen) } as const]),
    { name, at: "forward", rules: [{ matches, verdict: "drop" }] },
  ];
}

function guardLines(wanted: Opening, seen: Filters): readonly Line[] {
  if (!seen.hasNft) return [];
  const filtered = seen.nftBackend ? nft.askForDockers : iptables.askForDockers;
  const chains = guardChains(wanted, seen);
  const names = chains.map(({ name }) => name);
  return [
    { ...nft.load(chains), unless: filtered },
    { argv: nft.unload(names), when: filtered, mayFail: true },
  ];
}

/** What is loaded at boot, in `up` and by the repair. */
export function linesOf(wanted: Opening, seen: Filters): readonly Line[] {
  const marks = markChains(wanted, seen);
  return [
    // At boot Docker has not made it yet; it keeps what it finds.
    ...(seen.nftBackend ? [] : [iptables.ensureChain("filter", "DOCKER-USER")]),
    iptables.fillChains(chainsOf(wanted, seen)),
    ...jumpsOf(wanted, seen).map(({ table, from, rule }) => iptables.insertRule(table, from, rule)),
    ...(marks.length === 0 ? [] : [nft.load(marks)]),
    ...guardLines(wanted, seen),
    // Docker had it on and needs it; before Docker runs it stays as it is, or FORWARD would be left at ACCEPT.
    {
      argv: ["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"],
      unless: ["grep", "-q", "1", "/proc/sys/net/ipv4/ip_forward"],
      when: ["systemctl", "-q", "is-active", "docker.service"],
    },
  ];
}

/** Where Docker makes no rules of iptables nothing leads to its chain, and but for us there would be none. */
export function dropDockerUser(wanted: Opening, seen: Filters): readonly Command[] {
  const name = "DOCKER-USER";
  const others = seen.filter.chains.get(name)?.filter((rule) => !iptables.sameRule(rule, jumpOf(wanted)));
  const led = [...seen.filter.chains.values()].some((rules) => rules.some((rule) => rule.at(-1) === name));
  if (others === undefined || others.length > 0 || led) return [];
  return iptables.deleteChain("filter", name, `remove the chain ${name}, which nothing leads to`);
}

/** What is not in the kernel as wanted, in words. */
export function amiss(wanted: Opening, seen: Filters): readonly string[] {
  const jumps = jumpsOf(wanted, seen)
    .filter(({ table, from, rule }) => !iptables.hasRule(seen[table], from, rule))
    .map(({ table, from, rule }) => `${table} ${from} jump to ${rule.at(-1)}: absent`);
  const chains = chainsOf(wanted, seen)
    .filter(({ table, chain, rules }) => !iptables.hasChain(seen[table], chain, rules))
    .map(
      ({ table, chain }) =>
        `${table} chain ${chain}: ${seen[table].chains.has(chain) ? "changed" : "absent"}`,
    );
  const inNft = markChains(wanted, seen).flatMap((marks) =>
    nft.has(seen.nft, marks)
      ? []
      : [`nft chain ${marks.name}: ${seen.nft.has(marks.name) ? "changed" : "absent"}`],
  );
  return [...jumps, ...chains, ...inNft];
}

/** Rules of others that drop before ours are asked, in the words of `iptables -S`. */
export function before(wanted: Opening, seen: Filters): readonly string[] {
  const jumps = [
    { table: "raw", chain: "PREROUTING", to: chainOf(wanted) },
    { table: "filter", chain: "DOCKER-USER", to: chainOf(wanted) },
    { table: "filter", chain: "FORWARD", to: seen.nftBackend ? chainOf(wanted) : "DOCKER-USER" },
  ] as const;
  return jumps.flatMap(({ table, chain, to }) => {
    const rules = seen[table].chains.get(chain) ?? [];
    const ours = rules.findIndex((rule) => rule.at(-1) === to);
    return rules
      .slice(0, Math.max(ours, 0))
      .filter((rule) => ["DROP", "REJECT"].includes(rule[rule.indexOf("-j") + 1] ?? ""))
      .map((rule) => `iptables -t ${table}: -A ${chain} ${rule.join(" ")}`);
  });
}
