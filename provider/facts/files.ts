/** coreutils: a file is replaced whole or not at all, and is on the disk before the step counts as done. */
import { asset } from "../engine/asset.js";
import { type Answer, type Command, readOnce } from "../engine/command.js";

export interface NewFile {
  readonly path: string;
  readonly text: string;
  /** Octal, "644". */
  readonly mode: string;
  /** "0:0"; the owner of the file that is replaced is kept by naming it. @default "0:0" */
  readonly owner?: string;
  readonly why: string;
}

/**
 * Beside the target, then renamed over it: a reader and a power cut see the old bytes or the new ones. The
 * text is read from the standard input itself and not by the name /dev/stdin, which cannot be opened where
 * sshd gave the command a socket.
 */
export function writeFile({ path, text, mode, owner = "0:0", why }: NewFile): Command {
  return {
    why,
    argv: ["sh", "-c", asset("facts/write-file.sh"), "sh", path, mode, owner],
    stdin: text,
    quick: ["write", path, mode, owner],
  };
}

/** The path at which a file is written before it takes the place of the old one. */
export function beside(path: string): string {
  return `${path}.dockroute-new`;
}

/** True if a power cut in the middle of `writeFile` left this file: it may be incomplete, and nothing reads it. */
export function isLeftover(path: string): boolean {
  return path.endsWith(".dockroute-new");
}

/** A symbolic link in place of whatever has its name. In two programs a cut could leave a link that leads elsewhere. */
export function makeLink(target: string, path: string, why: string): Command {
  const folder = path.replace(/\/[^/]*$/, "");
  const script = 'mkdir -p "$1" && ln -sfn "$2" "$3" && sync "$1"';
  return { why, argv: ["sh", "-c", script, "sh", folder, target, path], quick: ["link", target, path] };
}

/** The times at which the files under the folder were written, in seconds since 1970; nothing where there is none. */
export function newestQuestion(folder: string): Command {
  const argv = ["find", folder, "-type", "f", "-exec", "stat", "-c", "%Y", "{}", "+"];
  return { why: `read when ${folder} was last written to`, argv };
}

export function readNewest(answer: Answer): Date | undefined {
  const seconds = answer.stdout.split("\n").map(Number).filter(Boolean);
  return seconds.length === 0 ? undefined : new Date(Math.max(...seconds) * 1000);
}

/** Succeeds also where the file is absent. */
export function removeFile(path: string, why: string): Command {
  return { why, argv: ["rm", "-f", path] };
}

/**
 * Removes files, and then their folders where nothing else is in them. In one program: a cut between two would leave
 * an empty folder that nobody comes back to.
 *
 * @param files in the outermost folder, or in one inside it
 * @param folders the outermost last
 */
export function removeWithFolders(
  files: readonly string[],
  folders: readonly string[],
  why: string,
): Command {
  const above = (folders.at(-1) ?? "").replace(/\/[^/]*$/, "");
  const names = files.flatMap((path) => ["-path", path, "-o"]);
  const empty = ["(", ...folders.flatMap((path) => ["-o", "-path", path]).slice(1), ")", "-empty"];
  const below = Math.max(
    ...[...files, ...folders].map((path) => path.slice(above.length).split("/").length - 1),
  );
  const depth = ["-maxdepth", String(below), "-depth"];
  return { why, argv: ["find", above, ...depth, "(", ...names, ...empty, ")", "-delete"] };
}

/** The output of `head -v` for many files: contents by path. */
export const readFiles = readOnce((answer: Answer): ReadonlyMap<string, string> => {
  const sections = answer.stdout.split(/^==> (\/.+) <==\n/m);
  const contents = new Map<string, string>();
  for (let at = 1; at + 1 < sections.length; at += 2) {
    const text = sections[at + 1] ?? "";
    // head puts an empty line between two files, not after the last.
    const last = at + 2 >= sections.length;
    contents.set(sections[at] ?? "", last ? text : text.replace(/\n$/, ""));
  }
  return contents;
});
