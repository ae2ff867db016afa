/**
 * ForwardRule: packets from the `sources` may enter the `destination`; nothing else is opened.
 *
 * It is a chain of its own in two of iptables' tables, each reached by one jump with the comment "dockroute":
 * from DOCKER-USER in filter, which Docker leaves to its users, and from PREROUTING in raw, where Docker 28
 * and later drop every packet for a container that did not come in by its bridge (release notes of 28.0).
 * Before 28 the one in raw changes nothing, and is there when Docker is upgraded.
 */
import { z } from "zod";
import type { Kind, OnHost } from "../kind.js";
import * as iptables from "../tools/iptables.js";
import * as parts from "../tools/parts.js";
import { absentNics, type Ground, linkOf, nics, questions, readGround } from "./ground.js";
import { nic, onHost, range, read, source } from "./inputs.js";

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

export interface ForwardRuleSeen extends Ground {
  readonly filter: iptables.TableSeen;
  readonly raw: iptables.TableSeen;
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
    questions: [...questions, ...iptables.questions, ...parts.questions],
    read: (_, answers) => {
      const [filter, raw, files, links] = answers.slice(questions.length);
      if (filter === undefined || raw === undefined || files === undefined || links === undefined) {
        throw new Error("four answers are missing");
      }
      return {
        ...readGround(answers),
        filter: iptables.readTable(filter),
        raw: iptables.readTable(raw),
        parts: parts.readParts(files, links),
      };
    },
  },

  objections: (desired, seen) => absentNics("interfaces", desired.interfaces ?? [], seen),

  steps(desired, seen) {
    const part = partOf(desired, seen);
    const why = `let ${desired.sources.join(", ") || "nobody"} into ${desired.destination}`;
    return [
      ...(amiss(desired, seen).length === 0 ? [] : [parts.load(part, why)]),
      ...parts.keep(part, seen.parts),
    ];
  },

  undo(held, seen) {
    const part = partOf(held, seen);
    if (seen.parts.files.has(parts.pathOf(part)) && !parts.holds(part, seen.parts)) return [];
    const chain = chainOf(held);
    const removed = places.flatMap(({ table, from }) => [
      ...(iptables.hasRule(seen[table], from, jumpOf(held))
        ? [iptables.deleteRule(table, from, jumpOf(held), `remove the jump from ${from} in ${table}`)]
        : []),
      ...(seen[table].chains.has(chain)
        ? iptables.deleteChain(table, chain, `remove the chain ${chain} in ${table}`)
        : []),
    ]);
    return [...removed, ...parts.drop(part, seen.parts)];
  },

  restore: () => [],
  gone: (held, seen) =>
    !places.some(({ table }) => seen[table].chains.has(chainOf(held))) &&
    !parts.holds(partOf(held, seen), seen.parts),
  observed(held, seen) {
    const rules = seen.filter.chains.get(chainOf(held));
    if (rules === undefined) return {};
    const from = (rule: iptables.Rule): string => (rule[0] === "-s" ? rule[1] : undefined) ?? "0.0.0.0/0";
    return { sources: [...new Set(rules.map(from))].sort() };
  },
  drift: (held, seen) => [...amiss(held, seen), ...parts.missing(partOf(held, seen), seen.parts)],
};

const places = [
  { table: "raw", from: "PREROUTING" },
  { table: "filter", from: "DOCKER-USER" },
] as const;

/** What is not in the kernel as wanted, in words. */
function amiss(wanted: ForwardRuleInputs, seen: ForwardRuleSeen): readonly string[] {
  const chain = chainOf(wanted);
  return places.flatMap(({ table, from }) => [
    ...(iptables.hasRule(seen[table], from, jumpOf(wanted))
      ? []
      : [`${table} ${from} jump to ${chain}: absent`]),
    ...(!seen[table].chains.has(chain)
      ? [`${table} chain ${chain}: absent`]
      : iptables.hasChain(seen[table], chain, rulesOf(wanted, seen))
        ? []
        : [`${table} chain ${chain}: changed`]),
  ]);
}

function chainOf({ destination }: ForwardRuleInputs): string {
  return `DOCKROUTE-${parts.nameOf(destination)}`;
}

function jumpOf(wanted: ForwardRuleInputs): iptables.Rule {
  return ["-d", wanted.destination, "-m", "comment", "--comment", "dockroute", "-j", chainOf(wanted)];
}

function rulesOf(wanted: ForwardRuleInputs, seen: Ground): readonly iptables.Rule[] {
  const ports = (wanted.ports ?? ["all"]).map(portWords);
  return wanted.sources.flatMap((from) =>
    nicsFor(wanted, seen).flatMap((nicName) =>
      ports.map((words) => ["-s", from, "-i", nicName, ...words, "-j", "ACCEPT"]),
    ),
  );
}

function portWords(text: string): iptables.Rule {
  const [protocol, number] = text.split("/");
  if (protocol === undefined || protocol === "all") return [];
  return number === undefined ? ["-p", protocol] : ["-p", protocol, "-m", protocol, "--dport", number];
}

function nicsFor(wanted: ForwardRuleInputs, seen: Ground): readonly string[] {
  if (wanted.interfaces !== undefined) return wanted.interfaces;
  const direct = wanted.sources.flatMap((from) => linkOf(seen, from.split("/")[0] ?? "") ?? []);
  return direct.length > 0
    ? [...new Set(direct)].sort()
    : nics(seen)
        .map(({ name }) => name)
        .sort();
}

function partOf(wanted: ForwardRuleInputs, seen: Ground): parts.Part {
  const chain = chainOf(wanted);
  return {
    name: `forward-${parts.nameOf(wanted.destination)}`,
    holder: forwardRule.id(wanted),
    about: `The peers may enter ${wanted.destination}, and nobody else by this.`,
    lines: [
      // At boot Docker has not made it yet; it keeps what it finds.
      iptables.ensureChain("filter", "DOCKER-USER"),
      iptables.fillChains(places.map(({ table }) => ({ table, chain, rules: rulesOf(wanted, seen) }))),
      ...places.map(({ table, from }) => iptables.insertRule(table, from, jumpOf(wanted))),
    ],
  };
}
