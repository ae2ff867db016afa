/** The steps by which a host takes a change back, as the head of its undo program: confirm.sh is the rest of it. */
import { type Command, quote } from "../../engine/command.js";
import { surroundings } from "../exec/batch.js";
import { holder } from "./lock.js";
import { confirmScript } from "./script.js";

/** A change that takes itself back: its purpose, its undo, and the token by which it is known. */
export interface Undo {
  readonly why: string;
  readonly commands: readonly Command[];
  readonly token: string;
}

/**
 * A comment for the reader, and shell functions. Commands after the last restart of a service are a function of their
 * own: they are run once the service has started with what came before.
 */
export function undoSteps({ why, commands, token }: Undo): string {
  const restart = commands.findLastIndex(({ argv }) => argv[0] === "systemctl" && argv[1] === "restart");
  const rest = restart < 0 ? [] : commands.slice(restart + 1);
  const first = commands.slice(0, commands.length - rest.length);
  const service = commands[restart]?.argv[2];
  return [
    "#!/bin/sh",
    "# Made by dockroute. Takes back a change of this host that nobody confirmed:",
    `#   ${oneLine(why)}`,
    `# Begun by ${oneLine(holder(why))}`,
    `# Token ${token}`,
    "# Run by a timer, at boot before Docker starts, by dockroute, or by hand:",
    "#   sh /etc/dockroute/pending/undo",
    ...surroundings,
    `why=${quote([oneLine(why)])}`,
    ...(service === undefined ? [] : [`service=${quote([service])}`]),
    ...stepsFunction("transaction_first", first),
    ...(rest.length === 0 ? [] : stepsFunction("transaction_rest", rest)),
    "",
  ].join("\n");
}

/** The whole program, as the host puts it together. */
export function undoProgram(undo: Undo): string {
  return `${undoSteps(undo)}\n${confirmScript}\ntransaction take-back "\${1:-hand}"\n`;
}

function stepsFunction(name: string, commands: readonly Command[]): readonly string[] {
  return [`${name}() {`, ":", ...commands.map(step), "}"];
}

function step({ argv, stdin, why, onFailure }: Command): string {
  const line = `transaction_step ${quote(argv)}`;
  const fed = stdin === undefined ? `${line} </dev/null` : `printf '%s' ${quote([stdin])} | ${line}`;
  const because = onFailure === undefined ? "" : ` "$(${quote(onFailure)} 2>&1 </dev/null)"`;
  return `${fed} || transaction_failed ${quote([oneLine(why)])}${because}`;
}

function oneLine(text: string): string {
  return text.replace(/[^ -~]+/g, " ");
}
