/** The nat chain of a MasqueradeRule: in nft if the host has it, otherwise in iptables. */
import { digest } from "../../boot/script.js";
import type { Line, ShellText } from "../../engine/command.js";
import type * as iptables from "../../facts/iptables.js";
import { load } from "../../facts/iptables-load.js";
import * as nft from "../../facts/nft.js";
import { overlaps, parseRange } from "../../plan/cidr.js";
import { formerName } from "../host/former.js";
import { deviceFor, type Links, rangesOf } from "../host/links.js";

export interface Wanted {
  readonly source: string;
  readonly exclude: readonly string[];
  readonly interfaces?: readonly string[] | undefined;
  readonly links?: Links | undefined;
  readonly masquerade?: boolean | undefined;
}

export interface NatSeen {
  readonly nft: nft.Seen;
  readonly hasNft: boolean;
  readonly nat: iptables.TableSeen;
}

/** A chain of iptables and the rule of POSTROUTING that jumps to it. */
export interface InIptables {
  readonly chain: string;
  readonly jump: iptables.Rule;
}

export function linesOf(wanted: Wanted, seen: NatSeen): readonly (Line | ShellText)[] {
  if (seen.hasNft) return [nft.load([nftChain(wanted)])];
  const { chain, jump } = inIptables(wanted.source);
  return [
    load({
      chains: [{ table: "nat", chain, rules: rulesOf(wanted) }],
      // Docker inserts rules of its own above it.
      jumps: [{ table: "nat", from: "POSTROUTING", rule: jump, first: true }],
    }),
  ];
}

export function nftChain(wanted: Wanted): nft.Chain {
  const by: readonly nft.Match[] =
    wanted.interfaces === undefined ? [] : [{ on: "oifname", names: wanted.interfaces }];
  const matches: readonly nft.Match[] = [...by, { on: "saddr", range: wanted.source }];
  const keep = allExcluded(wanted).map((range): nft.Rule => {
    const names = cardsFor(range, wanted);
    const out: readonly nft.Match[] = names === undefined ? [] : [{ on: "oifname", names }];
    const to: readonly nft.Match[] = [
      { on: "saddr", range: wanted.source },
      { on: "daddr", range },
    ];
    return { matches: [...out, ...to], verdict: "keep" };
  });
  const inside: nft.Rule = {
    matches: [...matches, { on: "daddr", range: wanted.source }],
    verdict: "accept",
  };
  return {
    name: nameOf(wanted),
    at: "nat",
    rules: [
      ...(needsInside(wanted) ? [inside] : []),
      ...keep,
      ...(wanted.masquerade === true ? [{ matches, verdict: "masquerade" } as const] : []),
    ],
  };
}

export function rulesOf(wanted: Wanted): readonly iptables.Rule[] {
  const { source, interfaces } = wanted;
  const rules = [
    ...(needsInside(wanted) ? [{ to: ["-d", source], names: interfaces, target: "RETURN" }] : []),
    ...allExcluded(wanted).map((range) => ({
      ...{ to: ["-d", range], names: cardsFor(range, wanted), target: "ACCEPT" },
    })),
    ...(wanted.masquerade === true ? [{ to: [], names: interfaces, target: "MASQUERADE" }] : []),
  ];
  return rules.flatMap(({ to, names, target }) =>
    (names?.map((name) => ["-o", name]) ?? [[]]).map((words) => [...to, ...words, "-j", target]),
  );
}

/** The ranges towards which the source keeps its address, by whatever way. */
export function allExcluded({ exclude, links }: Pick<Wanted, "exclude" | "links">): readonly string[] {
  return links === undefined ? exclude : [...new Set([...exclude, ...rangesOf(links)])].sort();
}

/** The cards by which packets to a range leave: its link too, where not every card counts. */
function cardsFor(range: string, { interfaces, links }: Wanted): readonly string[] | undefined {
  const device = deviceFor(range, links);
  return interfaces === undefined || device === undefined ? interfaces : [...interfaces, device].sort();
}

/**
 * Traffic that stays inside the source's own range is left to Docker: without its userland proxy, a container that
 * calls its own published port needs Docker's masquerading.
 */
function needsInside(wanted: Wanted): boolean {
  return wanted.masquerade === true || allExcluded(wanted).some((range) => overlap(range, wanted.source));
}

export function overlap(a: string, b: string): boolean {
  const [one, other] = [parseRange(a), parseRange(b)];
  return "value" in one && "value" in other && overlaps(one.value, other.value);
}

export function inIptables(source: string): InIptables {
  const chain = `DOCKROUTE-${digest(source)}`;
  return { chain, jump: jumpTo(chain, source) };
}

function jumpTo(chain: string, source: string): iptables.Rule {
  return ["-s", source, "-m", "comment", "--comment", "dockroute", "-j", chain];
}

export function nameOf({ source }: Wanted): string {
  return `masquerade-${digest(source)}`;
}

/** In dockroute 0.1.0: in nft, and its script. */
export function formerNameOf({ source }: Pick<Wanted, "source">): string {
  return `masquerade-${formerName(source)}`;
}

/** In dockroute 0.1.0, on a host without nft. */
export function formerInIptables(source: string): InIptables {
  const chain = `DOCKROUTE-${formerName(source)}`;
  return { chain, jump: jumpTo(chain, source) };
}
