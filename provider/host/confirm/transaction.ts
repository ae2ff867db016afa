import { randomBytes } from "node:crypto";
import { CommandFailed, NotConfirmed } from "../../engine/errors/change.js";
import { ConnectionLost } from "../../engine/errors/host.js";
import { Refused } from "../../engine/errors/refused.js";
import { batch, type Report } from "../exec/batch.js";
import { failureIn, refusalIn } from "../exec/failure.js";
import { begin, type Reach, reportOf, sayWaiting } from "../exec/reach.js";
import type { Running } from "../exec/running.js";
import type { Transaction } from "../host.js";
import { confirm, type Outcome, reasonOf, undoNow } from "./outcome.js";
import { arm, holdLock, takeLock, takeTurn } from "./script.js";
import { undoSteps } from "./steps.js";

/** The host lets a service that is slow to start end, for this many seconds at most (confirm.sh). */
const slowService = 600;

/** The time that the host waits for the confirmation, counted anew at each step. */
function undoSeconds(host: string, why: string): number {
  const text = process.env["DOCKROUTE_UNDO_SECONDS"] ?? "";
  const seconds = text === "" ? 120 : Number(text);
  if (Number.isInteger(seconds) && seconds >= 5 && seconds <= 3600) return seconds;
  const reason = `${JSON.stringify(text)} is refused: a whole number of seconds from 5 to 3600 is allowed`;
  throw new Refused(host, why, [{ property: "DOCKROUTE_UNDO_SECONDS", reason }]);
}

/**
 * Makes a change that the host takes back by itself unless it is confirmed over a new connection ("commit confirmed"):
 * the host ends in the old state or in the new, also where the link, this process or the host's power fails.
 *
 * The lock is held by the same shell that ran the commands: it waits for its input to end while the host is
 * verified, so the lock dies with the link, and no sooner.
 */
export async function transact(reach: Reach, transaction: Transaction): Promise<void> {
  const { why, commands } = transaction;
  const seconds = undoSeconds(reach.name, why);
  const token = randomBytes(8).toString("hex");
  const steps = undoSteps({ why, commands: transaction.undo, token });
  const work = batch(commands, {
    stopAtFailure: true,
    before: [...takeLock(why), ...arm(token, seconds, steps)],
    beforeEach: takeTurn,
    after: takeTurn,
    finally: holdLock(seconds),
  });
  // A step that hangs is undone by the host when its time is over: only then is it given up here as well.
  const patient = { ...reach, limits: { idle: seconds + slowService + 30, total: 0 } };
  const running = await begin(patient, await reach.shared(), work);
  void sayWaiting(reach, running, work);
  try {
    await running.until(work.ready, "both");
    const report = begun(reach, why, () => reportOf(reach, work, running.soFar(), why, commands));
    const alive = setInterval(() => running.feed("."), (seconds * 1000) / 4);
    await verified(reach, transaction, report, { token, seconds }).finally(() => clearInterval(alive));
  } finally {
    await release(running);
  }
}

interface Undoing {
  readonly token: string;
  readonly seconds: number;
}

/** The report, as far as it is known. Throws where nothing was begun: then there is nothing to undo. */
function begun(reach: Reach, why: string, read: () => Report): Report | ConnectionLost {
  try {
    const report = read();
    const refusal = refusalIn(reach, why, report);
    if (refusal === undefined) return report;
    throw refusal;
  } catch (error) {
    if (error instanceof ConnectionLost) return error;
    throw error;
  }
}

async function verified(
  reach: Reach,
  transaction: Transaction,
  report: Report | ConnectionLost,
  undo: Undoing,
) {
  let confirming = false;
  try {
    if (report instanceof ConnectionLost) throw report;
    const failure = failureIn(reach, transaction.commands, report.answers);
    if (failure !== undefined) throw failure;
    if (report.told.has("undone"))
      throw new Error("the host took it back before its last step, for want of time.");
    await transaction.verify();
    confirming = true;
    await confirm(reach, undo.token, transaction.why);
  } catch (error) {
    const outcome = await undoNow(reach, undo.token, transaction.why);
    // The answer was lost and the host knows of nothing to undo: the change had been confirmed, or it was taken back
    // and another client was told so. The host's state shows which.
    if (confirming && outcome.state === "nothing" && (await holds(transaction))) return;
    throw withOutcome(reach, transaction.why, error, await proved(transaction, outcome), undo.seconds);
  }
}

function holds({ verify }: Transaction): Promise<boolean> {
  return verify().then(
    () => true,
    () => false,
  );
}

/** The host's report on its undo, and the findings of a look at it after that. */
interface Proved extends Outcome {
  /** The host's differences from before the change. undefined if it was not looked at. */
  readonly left?: readonly string[];
  /** The reason for which it could not be looked at. */
  readonly unread?: string;
}

/** Looks at a host that tells that it has taken a change back. Never throws: it is called to explain another error. */
async function proved({ differences }: Transaction, outcome: Outcome): Promise<Proved> {
  if (differences === undefined || (outcome.state !== "undone" && outcome.state !== "nothing"))
    return outcome;
  try {
    return { ...outcome, left: await differences() };
  } catch (error) {
    return { ...outcome, unread: reasonOf(error).replace(/\.$/, "") };
  }
}

function withOutcome(reach: Reach, why: string, error: unknown, outcome: Proved, seconds: number): Error {
  const { state } = outcome;
  const words = inWords(outcome, seconds);
  if (error instanceof CommandFailed) {
    const isBack = state === "undone" || state === "nothing";
    const isProved = (outcome.left ?? []).length === 0 && outcome.unread === undefined;
    return error.rolledBack(words, isBack && isProved);
  }
  return new NotConfirmed(reach.name, why, reasonOf(error), words, error, state !== "nothing");
}

function inWords({ state, said, left = [], unread }: Proved, seconds: number): string {
  const told = said === "" ? "" : ` (${said})`;
  if (unread !== undefined) {
    return `Undone: unknown: the host tells that it is undone${told}, and could not be read again: ${unread}.`;
  }
  if (left.length > 0) return `Undone: not in full${told}: ${left.join("; ")}.`;
  switch (state) {
    case "undone":
      return `Undone: yes, the host is as it was before${told}.`;
    case "nothing":
      return "Undone: yes, nothing of it is on the host.";
    case "failed":
      return (
        `Undone: no: ${said}. The host tries again at its next boot, and dockroute before its next change; ` +
        "by hand: `sh /etc/dockroute/pending/undo`."
      );
    case "unknown":
      return (
        `Undone: unknown (${said}). The host takes the change back by itself within ${seconds} s after its last ` +
        "step, or at its next boot; the next run tells what became of it."
      );
  }
}

/** Lets the lock go and waits until it is gone, so that the next change of this process need not wait for it. */
async function release(running: Running): Promise<void> {
  running.finish();
  const patience = setTimeout(() => running.stop("it did not end"), 5_000);
  await running.ended;
  clearTimeout(patience);
}
