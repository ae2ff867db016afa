/**
 * Scripts that a host loads at boot and when docker.service starts: small shell scripts under /etc/dockroute/scripts,
 * one a resource. `pulumi up` runs the same text, so there is no second description of the host. One apply script loads
 * them all, in the order of their numbers; systemd units call it.
 */
import { createHash } from "node:crypto";
import { type Claim, type Claims, ifThere, outdated, state } from "../engine/claim.js";
import { type Command, type Line, quote, type ShellText } from "../engine/command.js";
import { fact } from "../engine/fact.js";
import { isLeftover, readFiles, removeFile, removeWithFolders, writeFile } from "../facts/files.js";
import { directory, madeBy, partsDirectory, scriptsDirectory, unitsDirectory } from "../facts/places.js";
import * as loader from "./loader.js";
import { type Holder, inWords, ownerOf } from "./owner.js";

export type ScriptsSeen = loader.ScriptsSeen;

export interface Script {
  /** The kind of thing that it makes: "route". */
  readonly kind: keyof typeof order;
  /** Its subject, which no other script of its kind has: "172.30.2.0/24". */
  readonly subject: string;
  /** The resource that holds it. A successor overwrites it. */
  readonly holder: Holder;
  /** One sentence for a person who reads the file on the host. */
  readonly about: string;
  readonly lines: readonly (Line | ShellText)[];
  /** Its name in dockroute 0.1.0, in /etc/dockroute/parts. */
  readonly formerName?: string;
}

/** The filters stand before the routes that lead to them, and the devices of links before the routes by them. */
const order = { forward: 10, guard: 20, masquerade: 30, link: 35, route: 40, lan: 45, host: 50 } as const;

const questions = [
  {
    why: "read what dockroute keeps on the host",
    argv: [
      ...["find", directory, unitsDirectory, "-xdev", "(", "-path", `${directory}/*`],
      ...[
        "-o",
        "-name",
        "dockroute*",
        ")",
        "-type",
        "f",
        "!",
        "-name",
        "*.key",
        "-exec",
        "head",
        "-v",
        "-c",
        "100000",
        "{}",
        "+",
      ],
    ],
    quick: ["files", directory, `${unitsDirectory} dockroute`],
  },
  {
    why: "read which of dockroute's units are enabled",
    argv: ["find", unitsDirectory, "-type", "l", "-name", "dockroute*"],
    quick: ["links", `${unitsDirectory} dockroute`],
  },
] as const satisfies readonly Command[];

/** All that dockroute keeps on the host, and which of its units are enabled. */
export const scripts = fact(
  questions,
  (files, links): ScriptsSeen => ({
    files: readFiles(files),
    enabled: new Set(links.stdout.split("\n").filter((path) => path !== "")),
  }),
);

/**
 * Eight hex digits that tell a host's subjects apart. A range does not fit into every name: iptables' end at 28
 * characters, and an IPv6 range is longer.
 */
export function digest(...subject: readonly string[]): string {
  return createHash("sha256").update(subject.join(" ")).digest("hex").slice(0, 8);
}

export function pathOf({ kind, subject }: Pick<Script, "kind" | "subject">): string {
  return `${scriptsDirectory}/${order[kind]}-${kind}-${digest(subject)}`;
}

export function textOf(script: Script): string {
  // A comment ends with its line, whatever is in it.
  const comments = [
    `dockroute ${inWords(script.holder)}`,
    script.about,
    `subject: ${script.subject}`,
    madeBy,
  ].map((text) => `# ${text.replace(/[^ -~]+/g, " ")}`);
  const head = ["#!/bin/sh", ...comments, "set -e"];
  return `${[...head, ...script.lines.map(lineText)].join("\n")}\n`;
}

function lineText(line: Line | ShellText): string {
  if ("shell" in line) return line.shell;
  const { argv, stdin, unless, when, mayFail } = line;
  const asked = when === undefined ? "" : `! ${quote(when)} >/dev/null 2>&1 || `;
  const guard = unless === undefined ? "" : `${quote(unless)} >/dev/null 2>&1 || `;
  const text = `${guard}${asked}${quote(argv)}${mayFail === true ? " 2>/dev/null || :" : ""}`;
  if (stdin?.split("\n").slice(0, -1).includes("DOCKROUTE")) throw new Error("the text would end too early");
  return stdin === undefined ? text : `${text} <<'DOCKROUTE'\n${stdin}DOCKROUTE`;
}

/**
 * Runs the script's own text now: `up` applies the same as the boot. If that is one line of one program, no
 * shell is started for it, and one line of iproute2 goes there together with those of all other scripts.
 */
export function load(script: Script, why: string): Command {
  return { why, argv: ["sh"], stdin: textOf(script), ...quickly(script.lines) };
}

function quickly([line, ...more]: Script["lines"]): Pick<Command, "quick" | "stdin"> {
  if (line === undefined || more.length > 0 || "shell" in line) return {};
  const { argv, stdin, ...conditions } = line;
  const [program, ...words] = argv;
  if (Object.keys(conditions).length > 0) return {};
  if (program === "ip" && stdin === undefined) return { quick: ["ip", ...words] };
  return {};
}

/** The holder of the script that is there, and so of all that it loads. undefined if it is ours or absent. */
export function holderOf(script: Own, seen: ScriptsSeen): Claim["notOurs"] {
  return ownerOf(holderAt(pathOf(script), seen) ?? holderAt(formerPathOf(script), seen), script.holder);
}

function formerPathOf({ formerName }: Pick<Script, "formerName">): string | undefined {
  return formerName === undefined ? undefined : `${partsDirectory}/${formerName}`;
}

function holderAt(path: string | undefined, seen: ScriptsSeen): string | undefined {
  const text = path === undefined ? undefined : seen.files.get(path);
  return text?.split("\n")[1]?.replace("# dockroute ", "");
}

/**
 * The script is on the host, and so are the units that load it at boot. Goes last in a resource's claims: the host keeps
 * what already runs. An undo takes it first, or the repair would load it again.
 */
export function keptAtBoot(script: Script, seen: ScriptsSeen): Claims {
  const beside = besideOf([script], seen);
  return [...unitsKept(beside, seen), ...scriptKept(script, beside, seen), ...unfinishedGone(beside, seen)];
}

/** The things on the host beside the scripts of one resource. */
export interface Beside {
  /** The scripts of other resources. */
  readonly others: boolean;
  readonly loader: boolean;
}

/** @param scripts every script of the resource */
export function besideOf(scripts: readonly Own[], seen: ScriptsSeen): Beside {
  return { others: othersThan(scripts, seen).length > 0, loader: loader.drop(seen).length > 0 };
}

export function unitsKept(beside: Beside, seen: ScriptsSeen): Claims {
  return [
    {
      what: "the units that load it at boot",
      is: state(loader.isKept(seen), beside.loader),
      ...(loader.isKept(seen) ? {} : { found: "absent or changed" }),
      ...(beside.others ? { notOurs: "shared" } : {}),
      make: loader.keep(seen),
      remove: loader.drop(seen),
    },
  ];
}

/** One script of a resource that may have several. */
export function scriptKept(script: Script, beside: Beside, seen: ScriptsSeen): Claims {
  const path = pathOf(script);
  const there = seen.files.get(path);
  const text = textOf({ ...script, holder: asThere(script, there) });
  const notOurs = holderOf(script, seen);
  return [
    {
      what: path,
      is: state(there === text, there !== undefined),
      ...(there === undefined || there === text ? {} : { found: "differs" }),
      ...(notOurs === undefined ? {} : { notOurs }),
      make: [writeFile({ path, text, mode: "644", why: `keep it over reboots in ${path}` })],
      remove: [removeScript(path, beside)],
    },
    ...formerScript(script, seen),
  ];
}

/** Without a loader the folders go with the last script: nothing comes back to them. */
export function removeScript(path: string, beside: Beside): Command {
  return beside.loader || beside.others ? removeFile(path, `remove ${path}`) : loader.removeFolders([path]);
}

export function unfinishedGone(beside: Beside, seen: ScriptsSeen): Claims {
  return beside.others ? [] : ifThere("files whose writing was cut short", unfinished(seen, beside.loader));
}

/** A caller that does not know its stack, as the command `dockroute status`, takes the script there for its own. */
function asThere({ holder }: Script, there: string | undefined): Holder {
  const [id, stack] = (there?.split("\n")[1]?.replace("# dockroute ", "") ?? "").split(" of ");
  return holder.stack === undefined && id === holder.id ? { ...holder, stack } : holder;
}

/** dockroute 0.1.0 kept it under another name. The new script is there before the old one goes. */
function formerScript(script: Script, seen: ScriptsSeen): Claims {
  const path = formerPathOf(script);
  if (path === undefined || !seen.files.has(path)) return [];
  const notOurs = ownerOf(holderAt(path, seen), script.holder);
  return outdated(path, [removeWithFolders([path], [partsDirectory], `remove ${path}`)]).map((claim) => ({
    ...claim,
    ...(notOurs === undefined ? {} : { notOurs }),
  }));
}

/** A script as far as it tells whose it is. */
export type Own = Pick<Script, "kind" | "subject" | "holder" | "formerName">;

function othersThan(scripts: readonly Own[], seen: ScriptsSeen): readonly string[] {
  const own = new Map(
    scripts.flatMap((script) =>
      [pathOf(script), formerPathOf(script)].map((path) => [path, script.holder] as const),
    ),
  );
  const isOwn = (path: string) => {
    const holder = own.get(path);
    return holder !== undefined && ownerOf(holderAt(path, seen), holder) === undefined;
  };
  return allScripts(seen).filter((path) => !isLeftover(path) && !isOwn(path));
}

function unfinished(seen: ScriptsSeen, hasLoader: boolean): readonly Command[] {
  const paths = allScripts(seen).filter(isLeftover);
  if (paths.length === 0 || !hasLoader) return paths.length === 0 ? [] : [loader.removeFolders(paths)];
  return paths.map((path) => removeFile(path, `remove ${path}`));
}

function allScripts(seen: ScriptsSeen): readonly string[] {
  const folders = [scriptsDirectory, partsDirectory];
  return [...seen.files.keys()].filter((path) => folders.some((folder) => path.startsWith(`${folder}/`)));
}

/** A script as it is on the host: its subject, and the id of its holder. */
export interface Kept {
  readonly path: string;
  readonly kind: keyof typeof order;
  readonly subject: string;
  /** "alpha/to/beta" */
  readonly holder: string;
}

/** The scripts of a kind on the host, read from their own first lines. */
export function keptScripts(kind: keyof typeof order, seen: ScriptsSeen): readonly Kept[] {
  return allScripts(seen).flatMap((path) => {
    const lines = seen.files.get(path)?.split("\n") ?? [];
    const subject = lines.find((line) => line.startsWith("# subject: "))?.replace("# subject: ", "");
    const holder = lines[1]?.replace("# dockroute ", "").split(" of ")[0];
    const isOfKind = path.startsWith(`${scriptsDirectory}/${order[kind]}-${kind}-`);
    return isOfKind && !isLeftover(path) && subject !== undefined && holder !== undefined
      ? [{ path, kind, subject, holder }]
      : [];
  });
}
