/** The exemption of a MasqueradeRule, in nft where the host has it, else in iptables. */

import { nameOf as nameOfRange } from "../../boot/old-script.js";
import type { Command, Line } from "../../engine/command.js";
import * as iptables from "../../facts/iptables.js";
import * as nft from "../../facts/nft.js";
import { overlaps, parseRange } from "../../plan/cidr.js";
import { type Ground, nicNames } from "../host/network.js";

export interface Wanted {
  readonly source: string;
  readonly exclude: readonly string[];
  readonly interfaces?: readonly string[] | undefined;
}

export interface Seen extends Ground {
  readonly nft: nft.Seen;
  readonly hasNft: boolean;
  readonly nat: iptables.TableSeen;
}

export function nameOf({ source }: Wanted): string {
  return `masquerade-${nameOfRange(source)}`;
}

export function linesOf(wanted: Wanted, seen: Seen): readonly Line[] {
  if (seen.hasNft) return [nft.load([nftChain(wanted, seen)])];
  return [
    iptables.fillChains([{ table: "nat", chain: chainOf(wanted), rules: rulesOf(wanted, seen) }]),
    ...iptables.putFirst("nat", "POSTROUTING", jumpOf(wanted)),
  ];
}

/** What is not in the kernel as wanted, in words. */
export function amiss(wanted: Wanted, seen: Seen): readonly string[] {
  if (seen.hasNft) {
    const chain = nftChain(wanted, seen);
    const found = seen.nft.has(chain.name) ? "changed" : "absent";
    return nft.has(seen.nft, chain) ? [] : [`nat chain ${chain.name}: ${found}`];
  }
  const chain = chainOf(wanted);
  const first = seen.nat.chains.get("POSTROUTING")?.[0];
  return [
    ...(first !== undefined && iptables.sameRule(first, jumpOf(wanted))
      ? []
      : [`nat POSTROUTING jump to ${chain}: not the first rule`]),
    ...(iptables.hasChain(seen.nat, chain, rulesOf(wanted, seen))
      ? []
      : [`nat chain ${chain}: absent or changed`]),
  ];
}

export function isThere(wanted: Wanted, seen: Seen): boolean {
  return seen.nft.has(nameOf(wanted)) || seen.nat.chains.has(chainOf(wanted));
}

/** The ranges that are excluded as the kernel has it. */
export function excluded(wanted: Wanted, seen: Seen): readonly string[] {
  const inIptables = (seen.nat.chains.get(chainOf(wanted)) ?? []).flatMap((rule) =>
    rule[0] === "-d" && rule[1] !== undefined ? [rule[1]] : [],
  );
  return [...nft.destinations(seen.nft, nameOf(wanted)), ...inIptables];
}

/**
 * Rules of others that meet what comes in for a container from a peer: a MASQUERADE bound to no interface gives it
 * the bridge's address on its last step, which our chain, for what leaves, does not decide on.
 */
export function masquerading(wanted: Wanted, seen: Seen): readonly string[] {
  return (seen.nat.chains.get("POSTROUTING") ?? [])
    .filter((rule) => ["MASQUERADE", "SNAT"].includes(rule[rule.indexOf("-j") + 1] ?? ""))
    .filter((rule) => !rule.includes("-o"))
    .filter((rule) => {
      const from = rule.includes("-s") ? rule[rule.indexOf("-s") + 1] : undefined;
      return from === undefined || wanted.exclude.some((range) => overlap(range, from));
    })
    .map((rule) => `iptables -t nat: -A POSTROUTING ${rule.join(" ")}`);
}

function overlap(a: string, b: string): boolean {
  const [one, other] = [parseRange(a), parseRange(b)];
  return "value" in one && "value" in other && overlaps(one.value, other.value);
}

/** From both, so that nothing is left where nft was installed or removed in between. */
export function remove(wanted: Wanted, seen: Seen): readonly Command[] {
  const chain = chainOf(wanted);
  const why = `remove the nat chain of ${wanted.source}`;
  return [
    ...nft.remove([nameOf(wanted)], seen.nft, why),
    ...(iptables.hasRule(seen.nat, "POSTROUTING", jumpOf(wanted))
      ? [iptables.deleteRule("nat", "POSTROUTING", jumpOf(wanted), why)]
      : []),
    ...(seen.nat.chains.has(chain) ? iptables.deleteChain("nat", chain, why) : []),
  ];
}

function nftChain(wanted: Wanted, seen: Ground): nft.Chain {
  const matches: readonly nft.Match[] = [
    { on: "oifname", names: nicsOf(wanted, seen) },
    { on: "saddr", range: wanted.source },
  ];
  const keep = wanted.exclude.map(
    (range): nft.Rule => ({ matches: [...matches, { on: "daddr", range }], verdict: "keep" }),
  );
  return { name: nameOf(wanted), at: "nat", rules: [...keep, { matches, verdict: "masquerade" }] };
}

function chainOf({ source }: Wanted): string {
  return `DOCKROUTE-${nameOfRange(source)}`;
}

function jumpOf(wanted: Wanted): iptables.Rule {
  return ["-s", wanted.source, "-m", "comment", "--comment", "dockroute", "-j", chainOf(wanted)];
}

function rulesOf(wanted: Wanted, seen: Ground): readonly iptables.Rule[] {
  const nics = nicsOf(wanted, seen);
  const keep = wanted.exclude.flatMap((range) =>
    nics.map((name) => ["-d", range, "-o", name, "-j", "ACCEPT"]),
  );
  return [...keep, ...nics.map((name) => ["-o", name, "-j", "MASQUERADE"])];
}

function nicsOf(wanted: Wanted, seen: Ground): readonly string[] {
  return wanted.interfaces ?? nicNames(seen);
}
