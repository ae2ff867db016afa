import { randomBytes } from "node:crypto";
import { CommandFailed, NotConfirmed } from "../errors.js";
import { batch, type Report } from "./batch.js";
import { failureIn, refusalIn } from "./failure.js";
import type { Transaction } from "./host.js";
import { takeLock } from "./lock.js";
import { confirm, type Outcome, undoNow } from "./outcome.js";
import { begin, type Reach, reportOf, sayWaiting } from "./reach.js";
import type { Running } from "./running.js";
import { armUndo, holdLock, takeTurn, undoPredecessor } from "./undo.js";

/** How long the host waits for the confirmation, counted anew at each step. */
function undoSeconds(): number {
  const text = process.env["DOCKROUTE_UNDO_SECONDS"] ?? "";
  const seconds = text === "" ? 120 : Number(text);
  if (Number.isInteger(seconds) && seconds >= 5 && seconds <= 3600) return seconds;
  throw new Error(`DOCKROUTE_UNDO_SECONDS is "${text}"; it is a whole number of seconds from 5 to 3600`);
}

/**
 * Makes a change that the host takes back by itself unless it is confirmed over a new connection: whatever
 * becomes of the link, of this process or of the host's power, the host ends in the old state or in the new.
 *
 * The lock is held by the same shell that ran the commands: it waits for its input to end while the host is
 * verified, so the lock dies with the link, and no sooner.
 */
export async function transact(reach: Reach, transaction: Transaction): Promise<void> {
  const { why, commands } = transaction;
  const seconds = undoSeconds();
  const token = randomBytes(8).toString("hex");
  const undo = { why, commands: transaction.undo, token, seconds };
  const work = batch(commands, {
    stopAtFailure: true,
    before: [...takeLock(why), ...undoPredecessor, ...armUndo(undo)],
    beforeEach: takeTurn,
    after: takeTurn,
    finally: holdLock(seconds),
  });
  // A step that hangs is undone by the host when its time is over: only then is it given up here as well.
  const patient = { ...reach, limits: { idle: seconds + 30, total: 0 } };
  const running = await begin(patient, await reach.shared(), work);
  void sayWaiting(reach, running, work);
  try {
    await running.until(work.ready, "both");
    const read = () => reportOf(reach, work, running.soFar(), why, commands);
    const alive = setInterval(() => running.feed("."), (seconds * 1000) / 4);
    await verified(reach, transaction, read, undo).finally(() => clearInterval(alive));
  } finally {
    await release(running);
  }
}

interface Undoing {
  readonly token: string;
  readonly seconds: number;
}

async function verified(reach: Reach, transaction: Transaction, read: () => Report, undo: Undoing) {
  const { why, commands } = transaction;
  let confirming = false;
  try {
    const report = read();
    const refusal = refusalIn(reach, why, report);
    if (refusal !== undefined) throw new NotBegun(refusal);
    const failure = failureIn(reach, commands, report);
    if (failure !== undefined) throw failure;
    if (report.told.has("undone"))
      throw new Error("the host took it back before its last step, for want of time.");
    await transaction.verify();
    confirming = true;
    await confirm(reach, undo.token, why);
  } catch (error) {
    if (error instanceof NotBegun) throw error.refusal;
    const outcome = await undoNow(reach, undo.token, why);
    // The link was lost while confirming, and the host knows of nothing to undo: it had been confirmed.
    if (confirming && outcome.state === "nothing") return;
    throw withOutcome(reach, why, error, inWords(outcome, undo.seconds));
  }
}

/** Stands around what kept the change from beginning: then there is nothing to undo. */
class NotBegun extends Error {
  constructor(readonly refusal: Error) {
    super(refusal.message);
  }
}

function withOutcome(reach: Reach, why: string, error: unknown, undone: string): Error {
  if (error instanceof CommandFailed) {
    return new CommandFailed(error.host, error.why, error.commandLine, error.code, error.said, undone);
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new NotConfirmed(reach.name, why, reason, undone, error);
}

function inWords({ state, said }: Outcome, seconds: number): string {
  switch (state) {
    case "undone":
      return `Undone: yes, the host is as it was before${said === "" ? "" : ` (${said})`}.`;
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
