/**
 * The names of dockroute 0.1.0, which held the range itself. They are made to remove the things that bear them, never
 * read: the scripts' own first lines tell which scripts of it are there.
 */
import type { ScriptsSeen } from "../../boot/script.js";
import { isLeftover } from "../../facts/files.js";
import { partsDirectory } from "../../facts/places.js";

/** "172.30.1.0_24": a slash has no place in the name of a file or a chain. */
export function formerName(range: string): string {
  return range.replace("/", "_");
}

/** Four hex digits that told the rules for one range apart by their ports. */
export function formerDigest(words: readonly string[]): string {
  const sum = [...words.join(" ")].reduce(
    (hash, letter) => (hash * 31 + (letter.codePointAt(0) ?? 0)) % 65521,
    7,
  );
  return sum.toString(16).padStart(4, "0");
}

/** A script of dockroute 0.1.0 that names a resource of this host. */
export interface FormerScript {
  readonly path: string;
  readonly kind: "masquerade" | "forward" | "route";
  readonly subject: string;
}

/** The second line names the holder, and the third has the range in a sentence. */
export function formerScripts(host: string, { files }: ScriptsSeen): readonly FormerScript[] {
  return [...files].flatMap(([path, text]): readonly FormerScript[] => {
    if (!path.startsWith(`${partsDirectory}/`) || isLeftover(path)) return [];
    const [, holder = "", about = ""] = text.split("\n");
    const role = holder.startsWith(`# dockroute ${host}/`) ? holder.slice(`# dockroute ${host}/`.length) : "";
    const kind = role.startsWith("to/") ? "route" : role;
    const subject = /\d+\.\d+\.\d+\.\d+\/\d+/.exec(about)?.[0];
    if (subject === undefined || (kind !== "route" && kind !== "masquerade" && kind !== "forward")) return [];
    return [{ path, kind, subject }];
  });
}
