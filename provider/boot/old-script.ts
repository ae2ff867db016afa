/**
 * Parts: what a host loads at boot and when docker.service starts. A part is a small shell script under
 * /etc/dockroute/parts, one a resource; the same text is what `pulumi up` runs, so there is no second
 * description of the host. One apply script loads all parts, two units call it.
 */
import { type Answer, type Command, type Line, quote } from "../engine/command.js";
import { isLeftover, readFiles, removeFile } from "../facts/files.js";
import { directory, madeBy, partsDirectory, unitsDirectory } from "../facts/places.js";
import * as loader from "./loader.js";

export type PartsSeen = loader.ScriptsSeen;

export interface Part {
  /** The file's name: kind and subject, "route-172.30.2.0_24". */
  readonly name: string;
  /** The id of the resource that holds it: "alpha/to/beta". A successor overwrites it. */
  readonly holder: string;
  /** One sentence for who reads the file on the host. */
  readonly about: string;
  readonly lines: readonly Line[];
}

export const questions = [
  {
    why: "read what dockroute keeps on the host",
    argv: [
      ...["find", directory, unitsDirectory, "-xdev", "(", "-path", `${directory}/*`],
      ...["-o", "-name", "dockroute*", ")", "-type", "f", "-exec", "head", "-v", "-c", "100000", "{}", "+"],
    ],
  },
  {
    why: "read which of dockroute's units are enabled",
    argv: ["find", unitsDirectory, "-type", "l", "-name", "dockroute*"],
  },
] as const satisfies readonly Command[];

export function readParts(files: Answer, links: Answer): PartsSeen {
  return {
    files: readFiles(files),
    enabled: new Set(links.stdout.split("\n").filter((path) => path !== "")),
  };
}

/** The slash of a range has no place in a file's or a chain's name. */
export function nameOf(range: string): string {
  return range.replace("/", "_");
}

/** The range of such a name. */
export function rangeOf(name: string): string {
  return name.replace("_", "/");
}

export function pathOf(part: Pick<Part, "name">): string {
  return `${partsDirectory}/${part.name}`;
}

export function textOf(part: Part): string {
  // A comment ends with its line, whatever is in it.
  const comments = [`dockroute ${part.holder}`, part.about, madeBy].map(
    (text) => `# ${text.replace(/[^ -~]+/g, " ")}`,
  );
  const head = ["#!/bin/sh", ...comments, "set -e"];
  return `${[...head, ...part.lines.map(lineText)].join("\n")}\n`;
}

function lineText({ argv, stdin, unless, when, mayFail }: Line): string {
  const asked = when === undefined ? "" : `! ${quote(when)} >/dev/null 2>&1 || `;
  const guard = unless === undefined ? "" : `${quote(unless)} >/dev/null 2>&1 || `;
  const text = `${guard}${asked}${quote(argv)}${mayFail === true ? " 2>/dev/null || :" : ""}`;
  if (stdin?.split("\n").slice(0, -1).includes("DOCKROUTE")) throw new Error("the text would end too early");
  return stdin === undefined
    ? text
    : `${text} <<'DOCKROUTE'
${stdin}DOCKROUTE`;
}

/** Runs the part's own text now: what applies in `up` is what applies at boot. */
export function load(part: Part, why: string): Command {
  return { why, argv: ["sh"], stdin: textOf(part) };
}

/** Leaves the part on the host, last, after its runtime change has been made. [] where it lies there already. */
export function keep(part: Part, seen: PartsSeen): readonly Command[] {
  const own = loader.write(pathOf(part), textOf(part), seen, `keep it over reboots in ${pathOf(part)}`);
  const works = own.length === 0 && loader.isKept(seen);
  return works ? [] : [...own, ...loader.keep(seen)];
}

/** Whether the part lies on the host as it should, and what loads it does too. In words what does not. */
export function missing(part: Part, seen: PartsSeen): readonly string[] {
  const text = seen.files.get(pathOf(part));
  const own =
    text === undefined
      ? [`${pathOf(part)}: absent`]
      : text === textOf(part)
        ? []
        : [`${pathOf(part)}: differs`];
  return loader.isKept(seen) ? own : [...own, "the units that load it at boot: absent or changed"];
}

/** What a person should know of units that an older dockroute left, and that still do. */
export function notices(seen: PartsSeen): readonly string[] {
  if (loader.keep(seen).length === 0 || !loader.isKept(seen)) return [];
  return [
    "its units are an older dockroute's, with which `systemctl restart firewalld` is refused on Debian 12; the next " +
      "change of this host replaces them, and so does `pulumi up --replace` of this resource",
  ];
}

/** Whether this resource still holds its part: a successor would have put its own name there. */
export function holds(part: Pick<Part, "name" | "holder">, seen: PartsSeen): boolean {
  return seen.files.get(pathOf(part))?.split("\n")[1] === `# dockroute ${part.holder}`;
}

/** The parts whose holders' ids begin so: "alpha/to/". */
export function heldBy(start: string, seen: PartsSeen): readonly Pick<Part, "name" | "holder">[] {
  return [...seen.files].flatMap(([path, text]) => {
    const holder = text.split("\n")[1]?.replace("# dockroute ", "");
    if (!path.startsWith(`${partsDirectory}/`) || holder?.startsWith(start) !== true) return [];
    return [{ name: path.slice(partsDirectory.length + 1), holder }];
  });
}

/** Removes the part, and with the last one everything that loads parts. */
export function drop(part: Pick<Part, "name" | "holder">, seen: PartsSeen): readonly Command[] {
  return dropAll([part], seen);
}

export function dropAll(
  parts: readonly Pick<Part, "name" | "holder">[],
  seen: PartsSeen,
): readonly Command[] {
  if (parts.length === 0) return [];
  const held = parts.filter((part) => holds(part, seen)).map(pathOf);
  const others = [...seen.files.keys()].filter(
    (path) => path.startsWith(`${partsDirectory}/`) && !held.includes(path),
  );
  const remove = (paths: readonly string[]) => paths.map((path) => removeFile(path, `remove ${path}`));
  if (!others.every(isLeftover)) return remove(held);
  // Without any part: an earlier removal was cut short after the last one.
  const last = [...held, ...others];
  const rest = loader.drop(seen);
  // Without what loads it: the removal of the part itself was a lie of the host's.
  return rest.length === 0 && last.length > 0 ? [loader.removeFolders(last)] : [...remove(last), ...rest];
}
