/** Many questions as one program on the host: look.pl, which answers them as their own programs would. */
import { asset } from "../../engine/asset.js";
import { type Command, quote } from "../../engine/command.js";

/** Without comments and indentation, which no host has to receive with each look. */
const program = asset("host/exec/look.pl").replace(/^\s*#.*\n|^\s+/gm, "");

export interface Numbered {
  readonly command: Command;
  /** The number of its answer in the batch. */
  readonly index: number;
}

/** The line that asks them all. A host without Perl answers none of them. */
export function lookLine(mark: string, questions: readonly Numbered[]): string {
  const asked = questions.map(({ command, index }) => [index, ...(command.quick ?? [])].join("\n"));
  return `${quote(["perl", "-e", program, mark, ...asked])} 9>&- </dev/null`;
}

/** The same question, as the program that it names. */
export function asProgram({ quick, ...command }: Command): Command {
  return command;
}
