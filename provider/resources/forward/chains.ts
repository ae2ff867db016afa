/**
 * What a ForwardRule opens, as chains and jumps: every place in a host's packet filters that a packet for the
 * destination has to pass. Which ones there are is decided by what the host shows.
 */

import { nameOf } from "../../boot/old-script.js";
import type * as iptables from "../../facts/iptables.js";
import type * as nft from "../../facts/nft.js";
import { type Ground, linkOf, nicNames } from "../host/network.js";

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

export function marksOf(wanted: Opening, seen: Ground): readonly nft.Rule[] {
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
