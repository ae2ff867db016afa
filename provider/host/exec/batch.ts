import { randomBytes } from "node:crypto";
import { type Answer, type Command, quote } from "../../engine/command.js";
import { oneLine } from "../../engine/printable.js";
import { type Numbered, perlLine } from "./perl.js";

/**
 * The command line for the login shell; fish and csh read it like sh. The script itself comes by stdin, so that a
 * process list does not show it and no length limit applies. sudo drops the environment, so the client's address is
 * an argument. The shell reads its own user from /proc, because the program id would be one more for the host to start.
 */
export const shell =
  "sh -c 'while read -r key user _; do [ $key = Uid: ] && break; done </proc/self/status; " +
  `[ "$user" = 0 ] && exec /bin/sh; exec sudo -n -- /bin/sh -s "$SSH_CONNECTION"'`;

/** The first lines of every script, over ssh and under /etc/dockroute. */
export const surroundings = [
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin LC_ALL=C",
  "export PATH LC_ALL",
  "umask 022",
  "cd /",
];

/** One run of many commands: the text for the shell, and the reader of its output. */
export interface Batch {
  readonly script: string;
  /** It only asks questions: it changes nothing on the host. */
  readonly asks: boolean;
  /** Printed to both streams after the last command, while the shell may still hold a lock. */
  readonly ready: string;
  /** Printed before each word that the script tells. */
  readonly tellMark: string;
  read(stdout: string, stderr: string): Report;
}

export interface Report {
  /** The shell was reached; any output before that is the login's own. */
  readonly begun: boolean;
  /** Up to the last command that was begun; a skipped command, or one without a seen end, has no code. */
  readonly answers: readonly Answer[];
  /** The messages of the script itself, by word: "waiting" -> ["root@laptop ..."]. */
  readonly told: ReadonlyMap<string, readonly string[]>;
  readonly complete: boolean;
}

/** Commands that share their failure: a change skips the rest of its section, a read goes on. */
export interface Section {
  readonly commands: readonly Command[];
  readonly stopAtFailure: boolean;
}

export interface BatchOptions {
  /**
   * One process of batch.pl runs all commands, side by side where the sections allow it. A question that it leaves open has
   * no code, and `no-perl` is told where the host could not run it to its end.
   */
  readonly perl?: boolean;
  /** Shell lines before the commands; `tell word text` is theirs to use. */
  readonly before?: readonly string[];
  /** Lines before each command. */
  readonly beforeEach?: readonly string[];
  /** Lines after the last command when nothing failed. */
  readonly after?: readonly string[];
  /** Lines after `ready`, whatever happened. */
  readonly finally?: readonly string[];
}

/** Many commands that belong together. */
export function batch(
  commands: readonly Command[],
  { stopAtFailure, ...options }: BatchOptions & Pick<Section, "stopAtFailure">,
): Batch {
  return batchOf([{ commands, stopAtFailure }], options);
}

/**
 * Many commands as one shell text. It is one brace group, so the shell reads it to the end before it runs
 * anything: half a script, from a link that was cut, is a syntax error and not half a command.
 * Each command's output stands between two marks, on stdout and on stderr, that nobody can guess before.
 * Answers are counted through all sections.
 */
export function batchOf(sections: readonly Section[], options: BatchOptions): Batch {
  const nonce = randomBytes(12).toString("hex");
  const mark = `dockroute-${nonce}`;
  const all = numbered(sections);
  const run = options.perl === true && all.length > 0 ? [perlLine(mark, all)] : shellLines(all, options);
  const script = [
    "{",
    ...surroundings,
    '[ -z "$1" ] || export SSH_CONNECTION="$1"',
    `dockroute_mark() { printf '\\n${mark} %s\\n' "$*"; printf '\\n${mark} %s\\n' "$*" >&2; return "\${3:-0}"; }`,
    // Only one line can be told: a second would be read as a mark or as noise.
    `tell() { word=$1; shift; printf '\\n${mark} tell %s %s\\n' "$word" "$(printf '%s' "$*" | tr -c '[:print:]' ' ' | cut -c 1-500)"; }`,
    "dockroute_failed=",
    "dockroute_run() {",
    "dockroute_mark shell",
    ...(options.before ?? []),
    ...run,
    ...(options.after === undefined ? [] : ['[ -z "$dockroute_failed" ] || return 0', ...options.after]),
    "}",
    "dockroute_run",
    "dockroute_mark done",
    ...(options.finally ?? []),
    "exit 0",
    "}",
    "",
  ].join("\n");
  const ready = `\n${mark} done\n`;
  return {
    script,
    asks: sections.every(({ stopAtFailure }) => !stopAtFailure),
    ready,
    tellMark: `\n${mark} tell`,
    read: (stdout, stderr) => readReport(mark, stdout, stderr),
  };
}

interface InSection extends Numbered {
  readonly isFirst: boolean;
}

function numbered(sections: readonly Section[]): readonly InSection[] {
  const each = sections.flatMap(({ commands, stopAtFailure }, number) =>
    commands.map((command, at) => ({
      command,
      section: stopAtFailure ? number : undefined,
      isFirst: at === 0,
    })),
  );
  return each.map((one, index) => ({ ...one, index }));
}

/** One command after the other, each a program of its own. */
function shellLines(all: readonly InSection[], { beforeEach = [] }: BatchOptions): readonly string[] {
  return all.flatMap(({ command, index, section, isFirst }) => {
    const failed = section === undefined ? "" : ` || dockroute_failed=${section}`;
    const lines = [
      ...beforeEach,
      `dockroute_mark begin ${index}`,
      commandLine(command),
      `dockroute_mark end ${index} $?${failed}`,
    ];
    if (isFirst || section === undefined) return lines;
    return [`[ "$dockroute_failed" = ${section} ] || {`, ...lines, "}"];
  });
}

/** stdin goes through printf, the one way that keeps a text exact without a newline at its end. */
export function commandLine(command: Command): string {
  const line = `${quote(command.argv)} 9>&-`;
  const fed =
    command.stdin === undefined ? `${line} </dev/null` : `printf '%s' ${quote([command.stdin])} | ${line}`;
  if (command.onFailure === undefined) return fed;
  return `${fed} || { code=$?; ${quote(command.onFailure)} 9>&- </dev/null >&2; (exit $code); }`;
}

function readReport(mark: string, stdout: string, stderr: string): Report {
  const out = sections(mark, stdout);
  const err = sections(mark, stderr);
  const length = Math.max(-1, ...out.begun) + 1;
  const answers = Array.from({ length }, (_, index) => ({
    code: out.codes.get(index),
    stdout: out.texts.get(index) ?? "",
    stderr: err.texts.get(index) ?? "",
  }));
  return { begun: out.shell, answers, told: out.told, complete: out.done };
}

interface Sections {
  readonly begun: Set<number>;
  readonly texts: Map<number, string>;
  readonly codes: Map<number, number>;
  readonly told: Map<string, string[]>;
  shell: boolean;
  done: boolean;
}

function sections(mark: string, text: string): Sections {
  const found: Sections = {
    begun: new Set(),
    texts: new Map(),
    codes: new Map(),
    told: new Map(),
    shell: false,
    done: false,
  };
  const [, ...pieces] = text.split(`\n${mark} `);
  for (const piece of pieces) {
    const end = piece.indexOf("\n");
    // A mark that was cut short tells nothing yet.
    if (end >= 0) note(found, piece.slice(0, end), piece.slice(end + 1));
  }
  return found;
}

function note(found: Sections, marked: string, text: string): void {
  const [word = "", first = "", ...rest] = marked.split(" ");
  const index = Number(first);
  if (word === "shell") found.shell = true;
  if (word === "done") found.done = true;
  // The script has made one line of it; another program in its place may not.
  if (word === "tell")
    found.told.set(first, [...(found.told.get(first) ?? []), oneLine(rest.join(" "), 500)]);
  if (word === "begin") {
    found.begun.add(index);
    found.texts.set(index, text);
  }
  if (word === "end") found.codes.set(index, Number(rest[0]));
}
