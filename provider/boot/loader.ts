/** The loader of the scripts on a host: one script, its units and the links that enable them. */
import type { Command } from "../engine/command.js";
import { beside, makeLink, removeFile, removeWithFolders, writeFile } from "../facts/files.js";
import { directory, lastLoad, partsDirectory, scriptsDirectory, unitsDirectory } from "../facts/places.js";
import { apply, installable, repairTimer, units, wants } from "./units.js";

/** dockroute's files on the host: contents by path, and the units that are enabled. */
export interface ScriptsSeen {
  readonly files: ReadonlyMap<string, string>;
  readonly enabled: ReadonlySet<string>;
}

/** [] if it is there already. */
export function keep(seen: ScriptsSeen): readonly Command[] {
  const files = [
    ...write(`${directory}/apply`, apply, seen, "put the script in place that loads the others"),
    ...Object.entries(units).flatMap(([name, text]) =>
      write(`${unitsDirectory}/${name}`, text, seen, `put ${name} in place`),
    ),
  ];
  const missing = wants.map((link) => `${unitsDirectory}/${link}`).filter((link) => !seen.enabled.has(link));
  if (files.length === 0 && missing.length === 0) return [];
  return [
    ...files,
    // The links that `systemctl enable` would make: systemd then reads its units once and not twice.
    ...missing.map((link) =>
      makeLink(`${unitsDirectory}/${link.replace(/^.*\//, "")}`, link, "enable dockroute's units"),
    ),
    { why: "have systemd read dockroute's units", argv: ["systemctl", "daemon-reload"] },
    // The scripts of the other units are loaded already; the next start of Docker or of a firewall starts the units.
    { why: "start dockroute's timer", argv: ["systemctl", "start", "--no-block", repairTimer] },
  ];
}

export function isKept(seen: ScriptsSeen): boolean {
  return keep(seen).length === 0;
}

/** It goes with the last script: as much of it as there is, because an earlier removal may have been cut short. */
export function drop(seen: ScriptsSeen): readonly Command[] {
  const has = (path: string): boolean => seen.files.has(path) || seen.files.has(beside(path));
  const ofOurs = (name: string): string => `${unitsDirectory}/${name}`;
  const script = `${directory}/apply`;
  const paths = [...Object.keys(units).map(ofOurs), script].flatMap((path) => [path, beside(path)]);
  const there = Object.keys(units).filter((name) => seen.files.has(ofOurs(name)));
  const links = [...seen.enabled].filter((link) => wants.some((want) => link === ofOurs(want)));
  if (links.length === 0 && ![...Object.keys(units).map(ofOurs), script].some(has)) return [];
  const enabled = installable.filter((name) => there.includes(name));
  return [
    ...(there.length === 0
      ? []
      : [{ why: "stop dockroute's units", argv: ["systemctl", "stop", ...[...there].reverse()] }]),
    ...(enabled.length === 0
      ? []
      : [{ why: "disable dockroute's units", argv: ["systemctl", "disable", "--quiet", ...enabled] }]),
    ...removeLinks(links.filter((link) => !enabled.some((name) => link.endsWith(`/${name}`)))),
    ...paths
      .filter((path) => path.startsWith(unitsDirectory) && seen.files.has(path))
      .map((path) => removeFile(path, `remove ${path}`)),
    { why: "have systemd forget dockroute's units", argv: ["systemctl", "daemon-reload"] },
    // A oneshot that was stopped in its middle stays in the list of failed units, though its file is gone.
    { why: "have systemd forget dockroute's units", argv: ["systemctl", "reset-failed", "dockroute*"] },
    removeFile(lastLoad, "remove what the repair compared with"),
    // The script is the sign that something is left, so it goes last; the bridge keeps what it found until its destroy.
    removeFolders([script, beside(script)]),
  ];
}

/** Does the work of `systemctl disable` where that fails because the unit is gone already. Removes empty folders too. */
function removeLinks(links: readonly string[]): readonly Command[] {
  const folders = [...new Set(links.map((link) => link.replace(/\/[^/]*$/, "")))];
  return links.length === 0 ? [] : [removeWithFolders(links, folders, "disable dockroute's units")];
}

/** Files of ours, and the folders they are in. */
export function removeFolders(files: readonly string[]): Command {
  const why = `remove ${directory}, where nothing else is in it`;
  return removeWithFolders(files, [partsDirectory, scriptsDirectory, directory], why);
}

/** [] where the host has this text there already. */
function write(path: string, text: string, seen: ScriptsSeen, why: string): readonly Command[] {
  return seen.files.get(path) === text ? [] : [writeFile({ path, text, mode: "644", why })];
}
