/**
 * ForwardRule: packets from the `sources` may enter the `destination`; nothing else is opened.
 *
 * It is a chain of its own in two of iptables' tables, each reached by one jump with the comment "dockroute": from
 * DOCKER-USER in filter, which Docker keeps for its users, and from PREROUTING in raw, where Docker 28 and later drop
 * every packet for a container that did not come in by its bridge (release notes of 28.0). Before 28 the one in raw
 * changes nothing, and is there when Docker is upgraded.
 *
 * With Docker's nftables backend it is a chain of our own nft table that sets Docker's mark.
 */
import * as boot from "../../boot/script.js";
import { type Claims, heldBy, ifThere, outdated } from "../../engine/claim.js";
import type { Seen } from "../../engine/fact.js";
import { importsFrom, type Kind, type Remembered } from "../../engine/kind.js";
import * as json from "../../facts/daemon-json.js";
import * as docker from "../../facts/docker.js";
import { dockerd, isOff } from "../../facts/dockerd.js";
import * as firewalld from "../../facts/firewalld.js";
import { waysTo } from "../../facts/iproute.js";
import * as iptables from "../../facts/iptables.js";
import * as nft from "../../facts/nft.js";
import { drops, foreign } from "../../facts/nft-foreign.js";
import { byEachLink } from "../host/found.js";
import { read } from "../host/inputs.js";
import { rangesOf } from "../host/links.js";
import { absentNics, network } from "../host/network.js";
import { changeOf } from "../host/set-change.js";
import { digestOf, type Filters } from "./chains.js";
import { formerPolicy, formerScript } from "./former.js";
import { closing } from "./guard.js";
import { type ForwardRuleInputs, schema } from "./inputs.js";
import { claimsOf, dropsBefore, linesOf, sourcesIn } from "./kernel.js";
import { allSources, asked, unreached } from "./links.js";
import { lostRules } from "./published.js";
import { staleClaims, staleTable } from "./stale-docker-rules.js";

export type { ForwardRuleInputs } from "./inputs.js";

/** Those that no input decides. */
const plain = {
  ...network,
  filter: iptables.rulesOf("filter"),
  raw: iptables.rulesOf("raw"),
  nft: nft.chains,
  hasNft: nft.isInstalled,
  daemon: docker.daemon,
  published: docker.published,
  nat: iptables.rulesOf("nat"),
  dockersTable: nft.hasDockersTable,
  foreign,
  file: json.file,
  dockerd,
  firewalld: firewalld.firewalld,
  scripts: boot.scripts,
};

const facts = {
  ...plain,
  ways: waysTo(({ sources, interfaces }: Pick<ForwardRuleInputs, "sources" | "interfaces">) =>
    asked({ sources, interfaces }),
  ),
};
export type ForwardRuleSeen = Seen<typeof facts>;

export const forwardRule: Kind<ForwardRuleInputs, typeof facts> = {
  changes: {
    destination: "replace",
    sources: "update",
    interfaces: "update",
    links: "update",
    ports: "replace",
  },
  id: ({ host }) => `${host}/forward`,
  check: (raw) => read(schema, raw),
  facts,

  claims(wanted, seen) {
    // At boot and at each repair every route leads where it is meant to: the script opens no former link.
    const script = scriptOf(wanted, { ...seen, routes: [] });
    const { lines } = scriptOf(wanted, seen);
    const why = `let ${allSources(wanted).join(", ") || "nobody"} into ${wanted.destination}`;
    return heldBy(boot.holderOf(script, seen.scripts), [
      // First, and so last in an undo: firewalld before 2 empties iptables in a reload, and lost rules cannot be removed.
      ...policyClaims(wanted, seen),
      ...claimsOf(wanted, filtersOf(seen), [boot.load({ ...script, lines }, why)]),
      ...staleClaims(wanted.destination, filtersOf(seen)),
      ...boot.keptAtBoot(script, seen.scripts),
    ]);
  },

  observed(held, seen) {
    const sources = sourcesIn(held, filtersOf(seen));
    if (sources === undefined || held.links === undefined) return sources === undefined ? {} : { sources };
    const linked = rangesOf(held.links);
    return { sources: sources.filter((source) => !linked.includes(source) || held.sources.includes(source)) };
  },

  judge(wanted, seen) {
    const filters = { ...seen, ...filtersOf(seen) };
    return {
      refuse: absentNics("interfaces", wanted.interfaces ?? [], seen),
      warn: [
        ...changeOf(`let into ${wanted.destination}`, sourcesIn(wanted, filters), allSources(wanted)),
        ...lostRules(filters),
        ...staleTable(filters),
        ...closing(wanted, filters),
        ...nobodyComes(wanted, seen),
        ...lateFirewalld(seen),
        ...dropsBefore(wanted, filters).map(
          (rule) => `a rule of another program drops before dockroute's accept: ${rule}`,
        ),
        ...drops(seen.foreign).map(
          (rule) => `a rule of another program may drop what dockroute lets in: ${rule}`,
        ),
      ],
    };
  },

  imports: importsFrom(plain, (id, { host, endpoint }, seen) =>
    boot
      .keptScripts("forward", seen.scripts)
      .filter(({ holder }) => holder === id)
      .flatMap(({ subject }) => {
        const [destination = "", ...ports] = subject.split(" ");
        const opening = { destination, sources: [], ...(ports.length === 0 ? {} : { ports }) };
        const sources = sourcesIn(opening, seen) ?? [];
        return byEachLink({ host, endpoint, ...opening, sources }, seen);
      }),
  ),
};

function filtersOf(seen: ForwardRuleSeen): Filters {
  return {
    ...seen,
    nftBackend: seen.daemon.firewall?.startsWith("nftables") === true,
    dockerFilters: !isOff("iptables", seen),
  };
}

function policyClaims(wanted: ForwardRuleInputs, seen: ForwardRuleSeen): Claims {
  // firewalld's names end at 17 characters.
  const policy = { ...wanted, sources: allSources(wanted), name: `dockroute${digestOf(wanted)}` };
  const former = { ...policy, name: formerPolicy(wanted) };
  const why = `let the peers into ${wanted.destination} in firewalld`;
  const reload = seen.firewalld.active ? firewalld.reload(why) : [];
  const is = firewalld.stateOf(policy, seen.firewalld);
  const remove = [firewalld.remove(policy), ...reload];
  const what = `firewalld policy ${policy.name}`;
  return [
    ...(seen.firewalld.active
      ? [{ what, is: is ?? "absent", make: [...firewalld.write(policy, why), ...reload], remove } as const]
      : ifThere(what, is === undefined ? [] : remove)),
    ...outdated(
      `firewalld policy ${former.name}`,
      firewalld.stateOf(former, seen.firewalld) === undefined ? [] : [firewalld.remove(former), ...reload],
    ),
  ];
}

function nobodyComes(wanted: ForwardRuleInputs, seen: ForwardRuleSeen): readonly string[] {
  const sources = unreached(wanted, seen);
  if (sources.length === 0) return [];
  return [
    `${sources.join(", ")} cannot be let into ${wanted.destination}: no link with a name that a rule can hold leads ` +
      "there; name the link in `interfaces`",
  ];
}

function lateFirewalld(seen: ForwardRuleSeen): readonly string[] {
  if (!seen.firewalld.afterDocker) return [];
  return [
    "firewalld was started after Docker, so Docker's networks are in none of its zones and nothing gets to a " +
      "container: run `systemctl restart docker` there (its containers stop for it)",
  ];
}

function scriptOf(wanted: ForwardRuleInputs & Remembered, seen: ForwardRuleSeen): boot.Script {
  return {
    kind: "forward",
    subject: [wanted.destination, ...(wanted.ports ?? [])].join(" "),
    holder: { ...wanted, id: forwardRule.id(wanted) },
    about: `The peers may enter ${wanted.destination}, and nobody else by this.`,
    lines: linesOf(wanted, filtersOf(seen)),
    formerName: formerScript(wanted),
  };
}
