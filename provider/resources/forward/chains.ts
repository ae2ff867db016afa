/**
 * The openings of a ForwardRule, as chains and jumps, in every packet filter of a host that a packet for the destination
 * has to pass. The facts of the host decide which filters there are.
 */
import { digest } from "../../boot/script.js";
import type * as iptables from "../../facts/iptables.js";
import type * as nft from "../../facts/nft.js";
import type { Links } from "../host/links.js";
import type { WithWays } from "../host/network.js";
import { allSources, linksFor } from "./links.js";

export interface Opening {
  readonly destination: string;
  readonly sources: readonly string[];
  readonly interfaces?: readonly string[] | undefined;
  readonly links?: Links | undefined;
  readonly ports?: readonly string[] | undefined;
}

export interface Filters extends WithWays {
  readonly filter: iptables.TableSeen;
  readonly raw: iptables.TableSeen;
  readonly nft: nft.Seen;
  readonly hasNft: boolean;
  /** Docker's rules are in nftables itself, where only its mark lets a packet in. */
  readonly nftBackend: boolean;
  /** Docker makes rules at all. */
  readonly dockerFilters: boolean;
}

/** A rule by which iptables gets to one of our chains. */
export interface Jump {
  readonly table: "raw" | "filter";
  readonly from: string;
  readonly rule: iptables.Rule;
}

export interface Chain {
  readonly table: "raw" | "filter";
  readonly chain: string;
  readonly rules: readonly iptables.Rule[];
}

/** Two rules for one destination differ in their ports. */
export function digestOf({ destination, ports = [] }: Opening): string {
  return digest(destination, ...ports);
}

export function chainOf(wanted: Opening): string {
  return `DOCKROUTE-${digestOf(wanted)}`;
}

function outwardChainOf(wanted: Opening): string {
  return `DOCKROUTE-OUT-${digestOf(wanted)}`;
}

export function jumpTo(chain: string, side: "-s" | "-d", range: string): iptables.Rule {
  return [side, range, "-m", "comment", "--comment", "dockroute", "-j", chain];
}

/**
 * Docker keeps DOCKER-USER for its users. With its nftables backend nothing jumps there, but FORWARD of iptables still
 * drops what ufw, or an earlier Docker, made it drop. So both ways are opened in FORWARD then, because Docker's rules
 * that let containers out are in nftables too.
 */
export function jumpsOf(wanted: Opening, nftBackend: boolean): readonly Jump[] {
  const inward = jumpTo(chainOf(wanted), "-d", wanted.destination);
  const outward = jumpTo(outwardChainOf(wanted), "-s", wanted.destination);
  return [
    { table: "raw", from: "PREROUTING", rule: inward },
    ...(nftBackend
      ? ([
          { table: "filter", from: "FORWARD", rule: inward },
          { table: "filter", from: "FORWARD", rule: outward },
        ] as const)
      : ([{ table: "filter", from: "DOCKER-USER", rule: inward }] as const)),
  ];
}

export function chainsOf(wanted: Opening, seen: WithWays, nftBackend: boolean): readonly Chain[] {
  const chain = chainOf(wanted);
  return [
    ...(["raw", "filter"] as const).map((table) => ({
      table,
      chain,
      rules: rulesOf(wanted, seen, table, nftBackend),
    })),
    ...(nftBackend
      ? [{ table: "filter" as const, chain: outwardChainOf(wanted), rules: outwardRules(wanted, seen) }]
      : []),
  ];
}

/**
 * The chains in which Docker closes internal networks (the first until 28, the second later) come after DOCKER-USER, so
 * an accept of ours would open such a network to the peers. Our chain calls them before it accepts: their drops hold
 * for every network that Docker has at that moment, and for all else they return.
 */
export const isolation = ["DOCKER-ISOLATION-STAGE-1", "DOCKER-INTERNAL"] as const;

/** Replies of a peer to a container's own calls pass Docker's filter, and must not fail in raw, before conntrack. */
const replies: readonly iptables.Rule[] = [
  ["-p", "tcp", "-m", "tcp", "!", "--tcp-flags", "FIN,SYN,RST,ACK", "SYN"],
  ["-p", "udp"],
  ["-p", "icmp"],
];

function rulesOf(
  wanted: Opening,
  seen: WithWays,
  table: "raw" | "filter",
  nftBackend: boolean,
): readonly iptables.Rule[] {
  const ports = wanted.ports?.map(portWords);
  const allowed = ports === undefined ? [[]] : table === "raw" ? [...ports.filter(isTcp), ...replies] : ports;
  const accepts = allSources(wanted).flatMap((from) =>
    linksFor(from, wanted, seen).flatMap((name) =>
      allowed.map((words) => ["-s", from, "-i", name, ...words, "-j", "ACCEPT"]),
    ),
  );
  const asksDocker = table === "filter" && !nftBackend && accepts.length > 0;
  return [...(asksDocker ? isolation.map((chain) => ["-j", chain]) : []), ...accepts];
}

function outwardRules(wanted: Opening, seen: WithWays): readonly iptables.Rule[] {
  return allSources(wanted).flatMap((to) =>
    linksFor(to, wanted, seen).map((name) => ["-d", to, "-o", name, "-j", "ACCEPT"]),
  );
}

function isTcp([, protocol]: iptables.Rule): boolean {
  return protocol !== "udp" && protocol !== "icmp";
}

function portWords(text: string): iptables.Rule {
  const [protocol = "", number] = text.split("/");
  return number === undefined ? ["-p", protocol] : ["-p", protocol, "-m", protocol, "--dport", number];
}

/** Marks what may enter, for Docker's nftables backend. */
export function markChain(wanted: Opening, seen: WithWays): nft.Chain {
  return { name: `mark-${digestOf(wanted)}`, at: "mark", rules: marksOf(wanted, seen) };
}

export function marksOf(wanted: Opening, seen: WithWays): readonly nft.Rule[] {
  const ports = wanted.ports?.map(portMatch) ?? [[]];
  return allSources(wanted).flatMap((range) => {
    const names = linksFor(range, wanted, seen);
    if (names.length === 0) return [];
    const from: readonly nft.Match[] = [
      { on: "iifname", names },
      { on: "saddr", range },
      { on: "daddr", range: wanted.destination },
    ];
    return ports.map((port): nft.Rule => ({ matches: [...from, ...port], verdict: "mark" }));
  });
}

function portMatch(text: string): readonly nft.Match[] {
  const [protocol = "", number] = text.split("/");
  return [{ on: "port", protocol, ...(number === undefined ? {} : { number }) }];
}
