/**
 * firewalld: its own base chain ends in reject, and an accept elsewhere does not stop that. So what may enter needs a
 * policy of firewalld's own: one file, in the form of firewalld.policy(5). Never a direct rule: the first one empties
 * Docker's tables.
 */
import type { Answer, Command } from "../engine/command.js";
import { fact } from "../engine/fact.js";
import * as docker from "./docker.js";
import { readFiles, removeFile, writeFile } from "./files.js";
import { question as rulesetQuestion } from "./nft-foreign.js";
import { partsDirectory, scriptsDirectory } from "./places.js";

const policies = "/etc/firewalld/policies";

const questions = [
  {
    why: "ask whether firewalld runs, and since when",
    argv: [
      ...["systemctl", "show", "-p", "Id,ActiveState,ActiveEnterTimestampMonotonic"],
      ...["docker.service", "firewalld.service"],
    ],
    quick: ["firewalld"],
  },
  {
    why: "read dockroute's policies of firewalld",
    argv: ["find", policies, "-name", "dockroute*.xml", "-exec", "head", "-v", "-c", "100000", "{}", "+"],
    quick: ["files", `${policies} dockroute`],
  },
] as const satisfies readonly Command[];

/** The state of firewalld, running or not, and its policies. */
export const firewalld = fact(
  [...questions, ...docker.questions, rulesetQuestion],
  (units, files, info, ruleset) =>
    read(units, readFiles(files), { backend: docker.readDaemon(info).firewall, ruleset }),
);

export interface Seen {
  readonly active: boolean;
  /** It was first started while Docker ran: Docker's networks are in none of its zones, and nothing gets to a container. */
  readonly afterDocker: boolean;
  readonly policies: ReadonlyMap<string, string>;
}

/**
 * @param backend Docker's name for its firewall, from 28 on: "nftables+firewalld" if it works with firewalld
 * @param ruleset all nft rules: a zone that holds docker0 names it in them
 */
export function read(
  units: Answer,
  files: ReadonlyMap<string, string>,
  { backend, ruleset }: { readonly backend?: string | undefined; readonly ruleset: Answer },
): Seen {
  const shown = units.stdout
    .split("\n\n")
    .map((block) => new Map(block.split("\n").map((line) => pair(line))));
  const unit = (name: string) => shown.find((each) => each.get("Id") === name);
  const since = (name: string) => Number(unit(name)?.get("ActiveEnterTimestampMonotonic") ?? 0);
  const runs = (name: string) => unit(name)?.get("ActiveState") === "active";
  const own = /^table inet firewalld \{[\s\S]*?^\}$/m.exec(ruleset.stdout)?.[0];
  // A Docker that found firewalld at its start hears of each later start of it. So the times are the last resort.
  const strangers =
    backend !== undefined
      ? !backend.includes("firewalld")
      : own !== undefined
        ? !own.includes('"docker0"')
        : since("firewalld.service") > since("docker.service");
  const active = runs("firewalld.service");
  return { active, afterDocker: active && runs("docker.service") && strangers, policies: files };
}

function pair(line: string): [string, string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1)];
}

export interface Policy {
  /** At most 17 characters. */
  readonly name: string;
  /** A range of Docker's. undefined is the host itself. */
  readonly destination?: string;
  /** Of a policy for the host itself, none are everybody. */
  readonly sources: readonly string[];
  /** "tcp/443"; undefined is all. */
  readonly ports?: readonly string[] | undefined;
}

function textOf({ destination, sources, ports }: Policy): string {
  const from = destination === undefined && sources.length === 0 ? [undefined] : sources;
  const rules = from.flatMap((source) =>
    (ports ?? [undefined]).map((port) =>
      [
        '  <rule family="ipv4">',
        ...(source === undefined ? [] : [`    <source address="${source}"/>`]),
        ...(destination === undefined ? [] : [`    <destination address="${destination}"/>`]),
        ...portText(port),
        "    <accept/>",
        "  </rule>",
      ].join("\n"),
    ),
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<policy target="CONTINUE">
  <short>dockroute</short>
  <description>Made by dockroute: the peers may enter ${destination ?? "this host by their links"}. Changes by hand are undone.</description>
  <ingress-zone name="ANY"/>
  <egress-zone name="${destination === undefined ? "HOST" : "docker"}"/>
${rules.join("\n")}
</policy>
`;
}

function portText(port: string | undefined): readonly string[] {
  const [protocol, number] = port?.split("/") ?? [];
  if (protocol === undefined) return [];
  if (number === undefined) return [`    <protocol value="${protocol}"/>`];
  return [`    <port port="${number.replace(":", "-")}" protocol="${protocol}"/>`];
}

function pathOf({ name }: Pick<Policy, "name">): string {
  return `${policies}/${name}.xml`;
}

/** The policy as it is: undefined if it is not there. */
export function stateOf(policy: Policy, seen: Seen): "so" | "changed" | undefined {
  const text = seen.policies.get(pathOf(policy));
  return text === undefined ? undefined : text === textOf(policy) ? "so" : "changed";
}

export function write(policy: Policy, why: string): readonly Command[] {
  return [writeFile({ path: pathOf(policy), text: textOf(policy), mode: "644", why })];
}

export function remove(policy: Pick<Policy, "name">): Command {
  return removeFile(pathOf(policy), `remove the policy ${policy.name} of firewalld`);
}

/**
 * Has firewalld read its policies. A firewalld before 2 empties the rules of iptables on this, so the scripts are
 * loaded again: by this command and not by the apply script, which would wait for the lock that this change holds.
 */
export function reload(why: string): readonly Command[] {
  const script = 'for each in "$1"/* "$2"/*; do [ ! -e "$each" ] || sh "$each"; done';
  return [
    { why, argv: ["firewall-cmd", "--quiet", "--reload"] },
    {
      why: "load the rules that firewalld's reload has emptied",
      argv: ["sh", "-c", script, "sh", scriptsDirectory, partsDirectory],
    },
  ];
}
