/** A batch as one process on the host: batch.pl, which does without a program of its own what it knows how to do. */
import { asset } from "../../engine/asset.js";
import { type Command, quote } from "../../engine/command.js";

/** Each foreign program's words are in one file beside the reader of its answers. */
const parts = [
  "host/exec/batch.pl",
  "host/exec/write.pl",
  ...["files", "iproute", "nft", "iptables", "systemd", "docker", "conntrack"].map(
    (name) => `facts/${name}.pl`,
  ),
];

/** Without comments and indentation, which no host has to receive with each batch. */
const program = `${parts
  .map(asset)
  .join("\n")
  .replace(/^\s*#.*\n|^\s+/gm, "")}main();\n`;

export interface Numbered {
  readonly command: Command;
  /** The number of its answer in the batch. */
  readonly index: number;
  /** The number of its section. undefined if it is a question. */
  readonly section: number | undefined;
}

/** The kernel takes 128 KiB for one variable, its name and its end included. */
const mostInVariable = 128 * 1024 - 64;

/**
 * The line of shell that runs them all. A process list shows arguments, so the batch comes in a variable; a long one comes
 * by the standard input, for which the shell starts a process of its own. A host without Perl runs nothing of it, and the
 * caller is told.
 */
export function perlLine(mark: string, commands: readonly Numbered[]): string {
  const batch = commands
    .flatMap(fieldsOf)
    .map((text) => `${Buffer.byteLength(text)}:${text}`)
    .join("");
  const perl = `${quote(["perl", "-e", program, mark])} 9>&-`;
  const fed =
    Buffer.byteLength(batch) > mostInVariable
      ? `printf '%s' ${quote([batch])} | ${perl}`
      : `DOCKROUTE_BATCH=${quote([batch])} ${perl} </dev/null`;
  return `${fed} || tell no-perl yes`;
}

function fieldsOf({ command, index, section }: Numbered): readonly string[] {
  const { argv, stdin, quick, onFailure = [] } = command;
  const words = quick ?? ["run", String(argv.length), ...argv, ...onFailure];
  const input = stdin === undefined ? ["0"] : ["1", stdin];
  return [
    String(index),
    section === undefined ? "" : String(section),
    String(words.length),
    ...words,
    ...input,
  ];
}

/** The same command, as the program that it names. */
export function asProgram({ quick, ...command }: Command): Command {
  return command;
}
