/**
 * MasqueradeRule: traffic from `source` to the `exclude`d ranges leaves the host with its own address. Other traffic
 * that leaves the host is left to Docker's and the host's own rules, unless `masquerade` asks for a rule of ours.
 *
 * It is one nat chain in dockroute's own nft table, which runs before Docker's: the first packet of a flow to an
 * excluded range is bound to the address it has (`snat to ip saddr`), and the kernel does not ask about NAT again for
 * that flow, whatever rules Docker has. An accept or return would not do: each base chain decides for itself.
 * On a host without nft it is a chain of iptables at the top of POSTROUTING. The repair puts it back there after
 * Docker has inserted a rule of its own above it.
 */
import { z } from "zod";
import * as boot from "../../boot/script.js";
import { heldBy } from "../../engine/claim.js";
import type { Seen } from "../../engine/fact.js";
import { importsFrom, type Kind, type OnHost, type Remembered } from "../../engine/kind.js";
import * as conntrack from "../../facts/conntrack.js";
import * as json from "../../facts/daemon-json.js";
import { dockerd, isOff, setting } from "../../facts/dockerd.js";
import * as iptables from "../../facts/iptables.js";
import * as nft from "../../facts/nft.js";
import { foreign, masquerades } from "../../facts/nft-foreign.js";
import { byEachLink } from "../host/found.js";
import { nic, onHost, range, read } from "../host/inputs.js";
import { type Links, linksForm, rangesOf } from "../host/links.js";
import { absentNics, network } from "../host/network.js";
import { changeOf } from "../host/set-change.js";
import { allExcluded, formerNameOf, linesOf } from "./chain.js";
import { claimsOf, excludedIn, isFormerThere } from "./claims.js";
import { masquerading } from "./others.js";

export interface MasqueradeRuleInputs extends OnHost {
  /** The range whose traffic this is about, the host's own subnet. Another range replaces it. @example "172.30.1.0/24" */
  readonly source: string;
  /** Ranges towards which the source keeps its own address: the peers' subnets. @example ["172.30.2.0/24"] */
  readonly exclude: readonly string[];
  /** The rules hold only for what leaves by these interfaces. @default all @example ["eth0"] */
  readonly interfaces?: readonly string[] | undefined;
  /**
   * Ranges towards which the source keeps its own address too, by the device of a HostLink: the subnets of peers of other
   * sites. @default none @example { "dr-wg": ["172.30.3.0/24"] }
   */
  readonly links?: Links | undefined;
  /**
   * A rule of dockroute's own masquerades what leaves the source for any other range. For hosts whose Docker does not
   * (`"ip-masq": false`). @default false: as Docker and the host do
   */
  readonly masquerade?: boolean | undefined;
}

export const masqueradeForm = z.strictObject({
  ...onHost,
  source: range,
  exclude: z.array(range).transform((ranges) => [...new Set(ranges)].sort()),
  interfaces: z
    .array(nic)
    .nonempty()
    .transform((names) => [...new Set(names)].sort())
    .optional(),
  links: linksForm.optional(),
  masquerade: z.boolean().optional(),
});

const facts = {
  ...network,
  nft: nft.chains,
  hasNft: nft.isInstalled,
  nat: iptables.rulesOf("nat"),
  hasConntrack: conntrack.isInstalled,
  foreign,
  file: json.file,
  dockerd,
  scripts: boot.scripts,
};
export type MasqueradeRuleSeen = Seen<typeof facts>;

export const masqueradeRule: Kind<MasqueradeRuleInputs, typeof facts> = {
  changes: {
    source: "replace",
    exclude: "update",
    interfaces: "update",
    links: "update",
    masquerade: "update",
  },
  id: ({ host }) => `${host}/masquerade`,
  check: (raw) => read(masqueradeForm, raw),
  facts,

  claims(wanted, seen) {
    const script = scriptOf(wanted, seen);
    // NAT is decided at a flow's first packet, so each change of the chain is followed by this.
    const flows = seen.hasConntrack ? conntrack.forget(wanted.source, allExcluded(wanted)) : [];
    const make = [boot.load(script, whyOf(wanted)), ...flows];
    return heldBy(boot.holderOf(script, seen.scripts), [
      ...claimsOf(wanted, seen, make, flows),
      ...boot.keptAtBoot(script, seen.scripts),
    ]);
  },

  observed(held, seen) {
    const exclude = excludedIn(held, seen);
    const linked = rangesOf(held.links ?? {});
    const own = exclude?.filter((each) => !linked.includes(each) || held.exclude.includes(each));
    return own === undefined ? {} : { exclude: own.sort() };
  },

  judge: (wanted, seen) => ({
    refuse: absentNics("interfaces", wanted.interfaces ?? [], seen),
    warn: [
      ...changeOf(
        `${wanted.source} keeps its own address towards`,
        excludedIn(wanted, seen),
        allExcluded(wanted),
      ),
      ...[...masquerading(wanted, seen.nat), ...masquerades(seen.foreign, nft.natPriority)].map(
        (rule) =>
          `a rule of another program gives packets between the hosts' subnets another source address: ${rule}`,
      ),
      ...noLongerMasqueraded(wanted, seen),
      ...lastingFlows(wanted, seen),
    ],
  }),

  imports: importsFrom(facts, (id, { host, endpoint }, seen) =>
    boot
      .keptScripts("masquerade", seen.scripts)
      .filter(({ holder }) => holder === id)
      .flatMap(({ subject: source }) => {
        const exclude = [...(excludedIn({ source, exclude: [] }, seen) ?? [])].sort();
        const inputs: MasqueradeRuleInputs = { host, endpoint, source, exclude };
        return [inputs, { ...inputs, masquerade: true }].flatMap((each) => byEachLink(each, seen));
      }),
  ),
};

/** dockroute 0.1.0 masqueraded what left the plan, also where Docker was told not to. */
function noLongerMasqueraded(wanted: MasqueradeRuleInputs, seen: MasqueradeRuleSeen): readonly string[] {
  const found = setting("ip-masq", seen);
  if (found === undefined || !isOff("ip-masq", seen)) return [];
  if (wanted.masquerade === true || !isFormerThere(wanted, seen)) return [];
  return [
    `what leaves ${wanted.source} for other ranges keeps its own address from now on, because dockerd has ` +
      `${found.text} (in ${found.place}); the input \`masquerade\` of the MasqueradeRule masquerades it as before`,
  ];
}

function lastingFlows(wanted: MasqueradeRuleInputs, seen: MasqueradeRuleSeen): readonly string[] {
  const isSo = claimsOf(wanted, seen, [], []).every(({ is }) => is === "so");
  if (seen.hasConntrack || isSo) return [];
  return [
    "the program conntrack (package conntrack) is not installed, so flows between containers that exist already keep " +
      "their source address until they end or have been silent for some minutes",
  ];
}

function whyOf({ source, masquerade, ...ways }: MasqueradeRuleInputs): string {
  const exclude = allExcluded(ways);
  const rest = masquerade === true ? ", and masquerade the rest" : "";
  return `let ${source} keep its address towards ${exclude.join(", ") || "nobody"}${rest}`;
}

function scriptOf(wanted: MasqueradeRuleInputs & Remembered, seen: MasqueradeRuleSeen): boot.Script {
  const rest =
    wanted.masquerade === true
      ? "what else leaves is masqueraded"
      : "what else leaves is left to Docker's and the host's own rules";
  return {
    kind: "masquerade",
    subject: wanted.source,
    holder: { ...wanted, id: masqueradeRule.id(wanted) },
    about: `${wanted.source} keeps its own address towards the peers; ${rest}.`,
    lines: linesOf(wanted, seen),
    formerName: formerNameOf(wanted),
  };
}
