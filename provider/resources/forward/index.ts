/**
 * ForwardRule: packets from the `sources` may enter the `destination`; nothing else is opened.
 *
 * It is a chain of its own in two of iptables' tables, each reached by one jump with the comment "dockroute":
 * from DOCKER-USER in filter, which Docker leaves to its users, and from PREROUTING in raw, where Docker 28
 * and later drop every packet for a container that did not come in by its bridge (release notes of 28.0).
 * Before 28 the one in raw changes nothing, and is there when Docker is upgraded.
 */
import { z } from "zod";
import * as parts from "../../boot/old-script.js";
import type { Kind, OnHost } from "../../engine/kind.js";
import * as json from "../../facts/daemon-json.js";
import * as docker from "../../facts/docker.js";
import { readFiles } from "../../facts/files.js";
import * as firewalld from "../../facts/firewalld.js";
import * as iptables from "../../facts/iptables.js";
import * as nft from "../../facts/nft.js";
import * as others from "../../facts/nft-foreign.js";
import { nic, onHost, range, read, source } from "../host/inputs.js";
import { absentNics, questions, readGround } from "../host/network.js";
import { changeOf } from "../host/set-change.js";
import type { Filters } from "./chains.js";
import * as opening from "./chains.js";
import { guardNames } from "./guard.js";
import * as doors from "./kernel.js";
import * as published from "./published.js";
import * as leftover from "./stale-docker-rules.js";

export interface ForwardRuleInputs extends OnHost {
  /** The range that may be entered, the host's own part. Another range replaces it. @example "172.30.1.0/24" */
  readonly destination: string;
  /** Who may enter: the peers' parts, and the peers' own addresses. @example ["172.30.2.0/24", "192.168.145.129/32"] */
  readonly sources: readonly string[];
  /** The interfaces by which they come. @default those whose network holds one of the sources, else all network cards */
  readonly interfaces?: readonly string[] | undefined;
  /** Only these protocols and ports. Other ports replace it. @default all @example ["tcp/443", "icmp"] */
  readonly ports?: readonly string[] | undefined;
}

export interface ForwardRuleSeen extends Filters, published.Seen {
  readonly firewalld: firewalld.Seen;
  readonly others: ReturnType<typeof others.read>;
  readonly parts: parts.PartsSeen;
}

/** A form that iptables prints back as it was given, or a rule would be due for ever: no leading zeros, no 5:5. */
const port = z.string().refine(isPort, {
  error: ({ input }) =>
    `${JSON.stringify(input)} is not a port: "tcp/443", "udp/8000:8010" or "icmp", with numbers from 1 to 65535`,
});

function isPort(text: string): boolean {
  const [, first, last] = /^(?:tcp|udp|sctp)\/([1-9]\d{0,4})(?::([1-9]\d{0,4}))?$/.exec(text) ?? [];
  if (first === undefined) return text === "icmp";
  return (
    Number(first) <= 65535 && (last === undefined || (Number(first) < Number(last) && Number(last) <= 65535))
  );
}

const set = <T extends z.ZodType<string, string>>(item: T) =>
  z.array(item).transform((items): readonly string[] => [...new Set<string>(items)].sort());

/** iptables leaves such a range out of what it prints; and a rule for everybody is not what this resource is for. */
const some = (property: string) => ({
  error: () => `${property} must be smaller than 0.0.0.0/0, which is everybody: name the peers' ranges`,
});
const notAll = (given: string): boolean => !given.endsWith("/0");

const schema = z.strictObject({
  ...onHost,
  destination: range.refine(notAll, some("destination")),
  sources: set(source.refine(notAll, some("a source"))),
  interfaces: set(nic).optional(),
  ports: set(port).optional(),
});

export const forwardRule: Kind<ForwardRuleInputs, ForwardRuleSeen> = {
  changes: { destination: "replace", sources: "update", interfaces: "update", ports: "replace" },
  id: ({ host }) => `${host}/forward`,
  check: (raw) => read(schema, raw),
  look: {
    questions: [
      ...questions,
      ...iptables.questions,
      ...nft.questions,
      ...docker.questions,
      docker.publishedQuestion,
      ...iptables.natQuestions,
      nft.dockersQuestion,
      others.question,
      ...json.questions,
      ...firewalld.questions,
      ...parts.questions,
    ],
    read: (_, answers) => {
      const [filter, raw, rules, info, running, nat, dockers, foreign, ...rest] = answers.slice(
        questions.length,
      );
      const [content, owner, real, units, policies, files, links] = rest;
      if (!filter || !raw || !rules || !info || !running || !nat || !dockers || !foreign)
        throw new Error("eight answers are missing");
      if (!content || !owner || !real || !units || !policies || !files || !links)
        throw new Error("seven more answers are missing");
      const daemon = docker.readDaemon(info);
      return {
        ...readGround(answers),
        filter: iptables.readTable(filter),
        raw: iptables.readTable(raw),
        nft: nft.read(rules),
        hasNft: rules.code !== 127,
        nftBackend: daemon.firewall?.startsWith("nftables") === true,
        published: docker.readPublished(running),
        nat: iptables.readTable(nat),
        dockersTable: dockers.code === 0,
        others: others.read(foreign),
        file: json.readDaemonJson(content, owner, real),
        firewalld: firewalld.read(units, readFiles(policies), { backend: daemon.firewall, ruleset: foreign }),
        parts: parts.readParts(files, links),
      };
    },
  },

  objections: (desired, seen) => absentNics("interfaces", desired.interfaces ?? [], seen),

  steps(desired, seen) {
    const part = partOf(desired, seen);
    const why = `let ${desired.sources.join(", ") || "nobody"} into ${desired.destination}`;
    return [
      ...(doors.amiss(desired, seen).length === 0 ? [] : [parts.load(part, why)]),
      ...leftover.steps(desired.destination, seen),
      ...parts.keep(part, seen.parts),
      ...firewalld.keep(policyOf(desired), seen.firewalld),
    ];
  },

  undo(held, seen) {
    const part = partOf(held, seen);
    if (seen.parts.files.has(parts.pathOf(part)) && !parts.holds(part, seen.parts)) return [];
    // Whatever Docker's backend was when they were made.
    const jumps = [true, false].flatMap((nftBackend) => opening.jumpsOf(held, { nftBackend }));
    const all = [...new Map(jumps.map((jump) => [jump.table + jump.from + jump.rule.at(-1), jump])).values()];
    const removed = (["raw", "filter"] as const).flatMap((table) => [
      ...all
        .filter((jump) => jump.table === table)
        .flatMap(({ from, rule }) =>
          // Two applies at once may have made it twice.
          (seen[table].chains.get(from) ?? [])
            .filter((held) => iptables.sameRule(held, rule))
            .map(() => iptables.deleteRule(table, from, rule, `remove the jump from ${from} in ${table}`)),
        ),
      ...opening
        .chainsOf(held, { ...seen, nftBackend: true })
        .filter((own) => own.table === table && seen[table].chains.has(own.chain))
        .flatMap(({ chain }) => iptables.deleteChain(table, chain, `remove the chain ${chain} in ${table}`)),
    ]);
    const inNft = [`mark-${opening.chainOf(held)}`, ...guardNames(held)];
    return [
      ...parts.drop(part, seen.parts),
      ...removed,
      ...leftover.undo(held.destination, seen),
      ...doors.dropDockerUser(held, seen),
      ...nft.remove(inNft, seen.nft, `remove the nft chains of ${held.destination}`),
      // Last: the reload of firewalld before 2 empties iptables, and what is gone cannot be removed.
      ...firewalld.drop(policyOf(held), seen.firewalld),
    ];
  },

  restore: () => [],
  gone: (held, seen) =>
    !opening.chainsOf(held, seen).some(({ table, chain }) => seen[table].chains.has(chain)) &&
    !parts.holds(partOf(held, seen), seen.parts),
  observed(held, seen) {
    const rules = seen.filter.chains.get(opening.chainOf(held));
    if (rules === undefined) return {};
    const from = (rule: iptables.Rule): string => (rule[0] === "-s" ? rule[1] : undefined) ?? "0.0.0.0/0";
    return { sources: [...new Set(rules.map(from))].sort() };
  },
  notices: (desired, seen) => [
    ...changeOf(
      `let into ${desired.destination}`,
      forwardRule.observed(desired, seen).sources,
      desired.sources,
    ),
    ...published.notices(seen),
    ...leftover.notices(seen),
    ...parts.notices(seen.parts),
    ...(seen.firewalld.afterDocker
      ? [
          "firewalld was started after Docker, so Docker's networks are in none of its zones and nothing gets to a " +
            "container: run `systemctl restart docker` there (its containers stop for it)",
        ]
      : []),
    ...doors
      .before(desired, seen)
      .map((rule) => `a rule of someone else's drops before dockroute's are asked: ${rule}`),
    ...others
      .drops(seen.others)
      .map((rule) => `a rule of someone else's may drop what dockroute lets in: ${rule}`),
  ],
  drift: (held, seen) => [
    ...doors.amiss(held, seen),
    ...leftover.amiss(held.destination, seen),
    ...firewalld.amiss(policyOf(held), seen.firewalld),
    ...parts.missing(partOf(held, seen), seen.parts),
  ],
};

/** firewalld's names end at 17 characters. */
function policyOf(wanted: ForwardRuleInputs): firewalld.Policy {
  return { ...wanted, name: `dockroute-${opening.digest([wanted.destination, ...(wanted.ports ?? [])])}` };
}

function partOf(wanted: ForwardRuleInputs, seen: ForwardRuleSeen): parts.Part {
  const limited = wanted.ports === undefined ? "" : `-${opening.chainOf(wanted).split("-").at(-1)}`;
  return {
    name: `forward-${parts.nameOf(wanted.destination)}${limited}`,
    holder: forwardRule.id(wanted),
    about: `The peers may enter ${wanted.destination}, and nobody else by this.`,
    lines: doors.linesOf(wanted, seen),
  };
}
