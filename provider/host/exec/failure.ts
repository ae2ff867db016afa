import { type Answer, type Command, quote } from "../../engine/command.js";
import { CommandFailed, HostBusy, Refused } from "../../engine/errors.js";
import { printable } from "../../engine/printable.js";
import { lockSeconds } from "../confirm/lock.js";
import type { Report } from "./batch.js";
import type { Reach } from "./reach.js";

/** Why a change did not even begin, or undefined where it did. */
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
 * The step that failed, or undefined where all went well.
 *
 * @param answers those to these commands
 * @param undone what became of the steps before it; without it they stand, and are listed
 */
export function failureIn(
  reach: Reach,
  commands: readonly Command[],
  answers: readonly Answer[],
  undone?: string,
): CommandFailed | undefined {
  const at = answers.findIndex((answer) => answer.code !== 0);
  const command = commands[at];
  const answer = answers[at];
  if (command === undefined || answer === undefined) return undefined;
  const said = printable(answer.stderr) || printable(answer.stdout);
  const line = printable(quote(command.argv));
  return new CommandFailed(reach.name, command.why, line, answer.code, said, undone ?? besides(commands, at));
}

function besides(commands: readonly Command[], at: number): string {
  const list = (some: readonly Command[]) => some.map((each) => each.why).join("; ");
  const before = commands.slice(0, at);
  const after = commands.slice(at + 1);
  return [
    before.length > 0 ? `Done before it: ${list(before)}.` : "Nothing was done before it.",
    ...(after.length > 0 ? [`Not done: ${list(after)}.`] : []),
  ].join(" ");
}
