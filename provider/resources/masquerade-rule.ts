/**
 * MasqueradeRule: traffic from `source` to the `exclude`d ranges leaves the host with its own address; all
 * else from `source` that leaves the host is masqueraded.
 *
 * It is one nat chain in dockroute's own nft table, which runs before Docker's: the first packet of a flow to
 * an excluded range is bound to the address it has (`snat to ip saddr`), and NAT is not asked again for that
 * flow, whatever rules Docker puts where. An accept or return would not do: each base chain decides for itself.
 */
import { z } from "zod";
import type { Kind, OnHost } from "../kind.js";
import * as nft from "../tools/nft.js";
import * as parts from "../tools/parts.js";
import { absentNics, type Ground, nicNames, questions, readGround } from "./ground.js";
import { nic, onHost, range, read } from "./inputs.js";

export interface MasqueradeRuleInputs extends OnHost {
  /** The range whose traffic this is about, the host's own part. Another range replaces it. @example "172.30.1.0/24" */
  readonly source: string;
  /** Ranges towards which the source keeps its own address: the peers' parts. @example ["172.30.2.0/24"] */
  readonly exclude: readonly string[];
  /** The interfaces by which it leaves. @default every network card of the host that has an address @example ["eth0"] */
  readonly interfaces?: readonly string[] | undefined;
}

export interface MasqueradeRuleSeen extends Ground {
  readonly nft: nft.Seen;
  readonly hasNft: boolean;
  readonly parts: parts.PartsSeen;
}

const schema = z.strictObject({
  ...onHost,
  source: range,
  exclude: z.array(range).transform((ranges) => [...new Set(ranges)].sort()),
  interfaces: z
    .array(nic)
    .nonempty()
    .transform((names) => [...new Set(names)].sort())
    .optional(),
});

export const masqueradeRule: Kind<MasqueradeRuleInputs, MasqueradeRuleSeen> = {
  changes: { source: "replace", exclude: "update", interfaces: "update" },
  id: ({ host }) => `${host}/masquerade`,
  check: (raw) => read(schema, raw),
  look: {
    questions: [...questions, ...nft.questions, ...parts.questions],
    read: (_, answers) => {
      const [nat, files, links] = answers.slice(questions.length);
      if (nat === undefined || files === undefined || links === undefined)
        throw new Error("three answers are missing");
      return {
        ...readGround(answers),
        nft: nft.read(nat),
        hasNft: nat.code !== 127,
        parts: parts.readParts(files, links),
      };
    },
  },

  objections: (desired, seen) => [
    ...absentNics("interfaces", desired.interfaces ?? [], seen),
    ...(seen.hasNft
      ? []
      : [
          {
            property: "source",
            reason: "this host has no program nft; install the package nftables, it runs beside iptables",
          },
        ]),
  ],

  steps(desired, seen) {
    const part = partOf(desired, seen);
    const why = `let ${desired.source} keep its address towards ${desired.exclude.join(", ") || "nobody"}, and masquerade the rest`;
    return [
      ...(nft.has(seen.nft, chainFor(desired, seen)) ? [] : [parts.load(part, why)]),
      ...parts.keep(part, seen.parts),
    ];
  },

  undo(held, seen) {
    const part = partOf(held, seen);
    if (successor(part, seen)) return [];
    return [
      ...nft.remove([chainOf(held)], seen.nft, `remove the nat chain ${chainOf(held)}`),
      ...parts.drop(part, seen.parts),
    ];
  },

  restore: () => [],
  gone: (held, seen) => !seen.nft.has(chainOf(held)) && !parts.holds(partOf(held, seen), seen.parts),

  observed(held, seen) {
    if (!seen.nft.has(chainOf(held))) return {};
    return { exclude: [...nft.destinations(seen.nft, chainOf(held))].sort() };
  },

  drift(held, seen) {
    const chain = chainOf(held);
    const there = seen.nft.has(chain);
    const same = nft.has(seen.nft, chainFor(held, seen));
    return [
      ...(!there ? [`nat chain ${chain}: absent`] : same ? [] : [`nat chain ${chain}: changed`]),
      ...parts.missing(partOf(held, seen), seen.parts),
    ];
  },
};

function chainOf({ source }: MasqueradeRuleInputs): string {
  return `masquerade-${parts.nameOf(source)}`;
}

function chainFor(wanted: MasqueradeRuleInputs, seen: Ground): nft.Chain {
  const names = wanted.interfaces ?? nicNames(seen);
  const matches: readonly nft.Match[] = [
    { on: "oifname", names },
    { on: "saddr", range: wanted.source },
  ];
  const keep = wanted.exclude.map(
    (range): nft.Rule => ({ matches: [...matches, { on: "daddr", range }], verdict: "keep" }),
  );
  return { name: chainOf(wanted), at: "nat", rules: [...keep, { matches, verdict: "masquerade" }] };
}

function partOf(wanted: MasqueradeRuleInputs, seen: Ground): parts.Part {
  return {
    name: chainOf(wanted),
    holder: masqueradeRule.id(wanted),
    about: `${wanted.source} keeps its own address towards the peers; all else that leaves is masqueraded.`,
    lines: [nft.load([chainFor(wanted, seen)])],
  };
}

/** Another resource has overwritten the part: what is in the kernel is then its own. */
function successor(part: parts.Part, seen: MasqueradeRuleSeen): boolean {
  return seen.parts.files.has(parts.pathOf(part)) && !parts.holds(part, seen.parts);
}
