/**
 * ForwardRule: packets from the `sources` may enter the `destination`; nothing else is opened.
 *
 * It is a chain of its own in two of iptables' tables, each reached by one jump with the comment "dockroute":
 * from DOCKER-USER in filter, which Docker leaves to its users, and from PREROUTING in raw, where Docker 28
 * and later drop every packet for a container that did not come in by its bridge (release notes of 28.0).
 * Before 28 the one in raw changes nothing, and is there when Docker is upgraded.
 */
import { z } from "zod";
import type { Command } from "../command.js";
import type { Kind, OnHost } from "../kind.js";
import { removeFile, writeFile } from "../tools/files.js";
import * as iptables from "../tools/iptables.js";
import * as nft from "../tools/nft.js";
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
  /** The tables that nft shows; undefined where it cannot be asked. */
  readonly tables: ReadonlySet<string> | undefined;
  readonly parts: parts.PartsSeen;
}

const port = z.string().regex(/^(icmp|(tcp|udp|sctp)\/\d{1,5}(:\d{1,5})?)$/, {
  error: ({ input }) => `${JSON.stringify(input)} is not a port: "tcp/443", "udp/8000:8010" or "icmp"`,
});

const set = <T extends z.ZodType<string, string>>(item: T) =>
  z.array(item).transform((items): readonly string[] => [...new Set<string>(items)].sort());

const schema = z.strictObject({
  ...onHost,
  destination: range,
  sources: set(source),
  interfaces: set(nic).optional(),
  ports: set(port).optional(),
});

export const forwardRule: Kind<ForwardRuleInputs, ForwardRuleSeen> = {
  changes: { destination: "replace", sources: "update", interfaces: "update", ports: "replace" },
  id: ({ host }) => `${host}/forward`,
  check: (raw) => read(schema, raw),
  look: {
    questions: [...questions, ...iptables.questions, nft.tablesQuestion, ...parts.questions],
    read: (_, answers) => {
      const [filter, raw, tables, files, links] = answers.slice(questions.length);
      if (!filter || !raw || !tables || !files || !links) throw new Error("five answers are missing");
      return {
        ...readGround(answers),
        filter: iptables.readTable(filter),
        raw: iptables.readTable(raw),
        tables: nft.readTables(tables),
        parts: parts.readParts(files, links),
      };
    },
  },

  objections: (desired, seen) => absentNics("interfaces", desired.interfaces ?? [], seen),

  steps(desired, seen) {
    const part = partOf(desired, seen);
    const why = `let ${desired.sources.join(", ") || "nobody"} into ${desired.destination}`;
    return [
      // Written down before the table is made: afterwards nobody could tell whose it is.
      ...(seen.tables?.has("raw") === false && !seen.parts.files.has(madeRaw) ? noteRaw : []),
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
    return [...removed, ...(removed.length > 0 ? [] : undoRaw(seen)), ...parts.drop(part, seen.parts)];
  },

  restore: () => [],
  gone: (held, seen) =>
    !places.some(({ table }) => seen[table].chains.has(chainOf(held))) &&
    !parts.holds(partOf(held, seen), seen.parts),
  observed(held, seen) {
    const rules = seen.filter.chains.get(chainOf(held));
    if (rules === undefined) return {};
    return { sources: [...new Set(rules.flatMap((rule) => rule[rule.indexOf("-s") + 1] ?? []))].sort() };
  },
  drift: (held, seen) => [...amiss(held, seen), ...parts.missing(partOf(held, seen), seen.parts)],
};

/** Says that iptables made its table raw for our rules: before Docker 28 a host has none. */
const madeRaw = `${parts.directory}/made-raw`;
const noteRaw = writeFile({
  path: madeRaw,
  text: "Made by dockroute: the table raw was not there before. It goes with our rules, if no other is in it.\n",
  mode: "644",
  why: `write down in ${madeRaw} that the table raw is ours`,
});

/** The table that was made for us, once the last rule of ours and everybody else's is out of it. */
function undoRaw({ tables, raw, parts: { files } }: ForwardRuleSeen): readonly Command[] {
  if (
    !files.has(madeRaw) ||
    [...files.keys()].some((path) => path.startsWith(parts.pathOf({ name: "forward-" })))
  )
    return [];
  const empty =
    [...raw.chains.values()].every((rules) => rules.length === 0) &&
    [...raw.chains.keys()].every((chain) => raw.policies.get(chain) === "ACCEPT");
  return [
    ...(tables?.has("raw") === true && empty
      ? [nft.deleteEmptyTable("raw", "PREROUTING", "remove the table raw, which was made for our rules")]
      : []),
    removeFile(madeRaw, `remove ${madeRaw}`),
    parts.removeDirectory,
  ];
}

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
