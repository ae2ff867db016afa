import { type Answer, type Command, quote } from "../../engine/command.js";
import { CommandFailed } from "../../engine/errors/change.js";
import { HostBusy, Refused } from "../../engine/errors/refused.js";
import { printable } from "../../engine/printable.js";
import { lockSeconds } from "../confirm/lock.js";
import type { Report } from "./batch.js";
import type { Reach } from "./reach.js";

/** The error of a change that was not begun, or undefined where it was. */
export function refusalIn(reach: Reach, why: string, report: Report): Error | undefined {
  const busy = report.told.get("busy")?.[0];
  if (busy !== undefined) return new HostBusy(reach.name, why, busy, lockSeconds);
  const stuck = report.told.get("stuck")?.[0];
  if (stuck !== undefined) {
    const reason =
      `an earlier change is not yet undone, and undoing it failed again: ${stuck}. Repair what it names, then run ` +
      "`sh /etc/dockroute/pending/undo` on the host; remove /etc/dockroute/pending to leave the host as it is";
    return new Refused(reach.name, why, [{ property: "host", reason }]);
  }
  const refused = report.told.get("refused")?.[0];
  return refused === undefined
    ? undefined
    : new Refused(reach.name, why, [{ property: "host", reason: refused }]);
}

/**
 * The error of the first command that failed, or undefined where none did.
 *
 * @param answers the answers to these commands, in their order
 */
export function failureIn(
  reach: Reach,
  commands: readonly Command[],
  answers: readonly Answer[],
): CommandFailed | undefined {
  const at = answers.findIndex((answer) => answer.code !== 0);
  const command = commands[at];
  const answer = answers[at];
  if (command === undefined || answer === undefined) return undefined;
  const output = printable(answer.stderr) || printable(answer.stdout);
  const line = printable(quote(shortened(command.argv)));
  const begun = commands.slice(0, at + 1);
  const effect = {
    changed: begun.some(({ probe }) => probe !== true),
    disrupted: begun.some(({ risk }) => risk !== undefined),
  };
  const outcome = effect.changed ? besides(commands, at) : "Nothing was changed.";
  return new CommandFailed(reach.name, command.why, line, answer.code, output, outcome, effect);
}

/** A long script is left out of the command line: a person can do nothing with it. */
function shortened(argv: readonly string[]): readonly string[] {
  const [program = "", option = "", script = "", ...rest] = argv;
  const isLong = program === "sh" && option === "-c" && script.length > 120;
  return isLong ? [program, option, "...", ...rest] : argv;
}

/** The other purposes, done and not done, each once: several commands may serve one. */
function besides(commands: readonly Command[], at: number): string {
  const purposes = (some: readonly Command[]) => {
    const others = some.map(({ why }) => why).filter((why) => why !== commands[at]?.why);
    return [...new Set(others)].join("; ");
  };
  const done = purposes(commands.slice(0, at));
  const left = purposes(commands.slice(at + 1));
  return (
    (done === "" ? "Nothing was done before it." : `Done before it: ${done}.`) +
    (left === "" ? "" : ` Not done: ${left}.`)
  );
}
