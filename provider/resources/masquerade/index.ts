/**
 * MasqueradeRule: traffic from `source` to the `exclude`d ranges leaves the host with its own address; all
 * else from `source` that leaves the host is masqueraded.
 *
 * It is one nat chain in dockroute's own nft table, which runs before Docker's: the first packet of a flow to
 * an excluded range is bound to the address it has (`snat to ip saddr`), and NAT is not asked again for that
 * flow, whatever rules Docker puts where. An accept or return would not do: each base chain decides for itself.
 * Where the host has no program nft it is a chain of iptables at the top of POSTROUTING, put back there by the
 * repair when Docker has inserted a rule of its own above.
 */
import { z } from "zod";
import * as parts from "../../boot/old-script.js";
import type { Kind, OnHost } from "../../engine/kind.js";
import * as conntrack from "../../facts/conntrack.js";
import * as iptables from "../../facts/iptables.js";
import * as nft from "../../facts/nft.js";
import * as others from "../../facts/nft-foreign.js";
import { nic, onHost, range, read } from "../host/inputs.js";
import { absentNics, questions, readGround } from "../host/network.js";
import { changeOf } from "../host/set-change.js";
import * as exemption from "./chain.js";

export interface MasqueradeRuleInputs extends OnHost {
  /** The range whose traffic this is about, the host's own part. Another range replaces it. @example "172.30.1.0/24" */
  readonly source: string;
  /** Ranges towards which the source keeps its own address: the peers' parts. @example ["172.30.2.0/24"] */
  readonly exclude: readonly string[];
  /** The interfaces by which it leaves. @default every network card of the host that has an address @example ["eth0"] */
  readonly interfaces?: readonly string[] | undefined;
}

export interface MasqueradeRuleSeen extends exemption.Seen {
  readonly hasConntrack: boolean;
  readonly others: ReturnType<typeof others.read>;
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
    questions: [
      ...questions,
      ...nft.questions,
      ...iptables.natQuestions,
      ...conntrack.questions,
      others.question,
      ...parts.questions,
    ],
    read: (_, answers) => {
      const [rules, nat, flows, foreign, files, links] = answers.slice(questions.length);
      if (!rules || !nat || !flows || !foreign || !files || !links)
        throw new Error("six answers are missing");
      return {
        ...readGround(answers),
        nft: nft.read(rules),
        hasNft: rules.code !== 127,
        nat: iptables.readTable(nat),
        others: others.read(foreign),
        hasConntrack: conntrack.isThere(flows),
        parts: parts.readParts(files, links),
      };
    },
  },

  objections: (desired, seen) => absentNics("interfaces", desired.interfaces ?? [], seen),

  steps(desired, seen) {
    const part = partOf(desired, seen);
    const towards = desired.exclude.join(", ") || "nobody";
    const why = `let ${desired.source} keep its address towards ${towards}, and masquerade the rest`;
    const flows = seen.hasConntrack ? conntrack.forget(desired.source, desired.exclude) : [];
    return [
      ...(exemption.amiss(desired, seen).length === 0 ? [] : [parts.load(part, why), ...flows]),
      ...parts.keep(part, seen.parts),
    ];
  },

  undo(held, seen) {
    const part = partOf(held, seen);
    // Another resource has overwritten the part: what is in the kernel is then its own.
    if (seen.parts.files.has(parts.pathOf(part)) && !parts.holds(part, seen.parts)) return [];
    const removed = exemption.remove(held, seen);
    const flows = seen.hasConntrack && removed.length > 0 ? conntrack.forget(held.source, held.exclude) : [];
    // The part first: the repair would load it again.
    return [...parts.drop(part, seen.parts), ...removed, ...flows];
  },

  restore: () => [],
  gone: (held, seen) => !exemption.isThere(held, seen) && !parts.holds(partOf(held, seen), seen.parts),

  observed(held, seen) {
    return exemption.isThere(held, seen) ? { exclude: [...exemption.excluded(held, seen)].sort() } : {};
  },

  drift: (held, seen) => [...exemption.amiss(held, seen), ...parts.missing(partOf(held, seen), seen.parts)],

  notices: (desired, seen) => [
    ...changeOf(
      `${desired.source} keeps its own address towards`,
      masqueradeRule.observed(desired, seen).exclude,
      desired.exclude,
    ),
    ...[...exemption.masquerading(desired, seen), ...others.masquerades(seen.others, nft.natPriority)].map(
      (rule) => `a rule of someone else's gives packets between the parts another source address: ${rule}`,
    ),
    ...(seen.hasConntrack || exemption.amiss(desired, seen).length === 0
      ? []
      : [
          "there is no program conntrack (package conntrack), so flows between containers that exist already keep " +
            "the source address they have until they end or have been silent for some minutes",
        ]),
  ],
};

function partOf(wanted: MasqueradeRuleInputs, seen: MasqueradeRuleSeen): parts.Part {
  return {
    name: exemption.nameOf(wanted),
    holder: masqueradeRule.id(wanted),
    about: `${wanted.source} keeps its own address towards the peers; all else that leaves is masqueraded.`,
    lines: exemption.linesOf(wanted, seen),
  };
}
