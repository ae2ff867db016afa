/** The verbs of confirm.sh: each call is one line of a batch, which first has its shell read the script. */
import { asset } from "../../engine/asset.js";
import { quote } from "../../engine/command.js";
import { holder, lockTries, secondsATry } from "./lock.js";

/** It goes along with each batch that needs it: nothing of it stays on a host, and it is never of another version. */
export const confirmScript = asset("host/confirm/confirm.sh");

const read = `transaction_text=${quote([confirmScript])} && eval "$transaction_text"`;

function call(...words: readonly string[]): string {
  return `transaction ${quote(words)}`;
}

/** A verb that refuses has told why: then nothing of the batch is run. */
function callOrEnd(...words: readonly string[]): string {
  return `${call(...words)} || return 0`;
}

/** Tells of a change that waits or was taken back, and leaves it alone. */
export const lookForUndo: readonly string[] = [read, call("look")];

/** Takes the host's lock until the batch ends, and ends a change that its maker has left unfinished. */
export function takeLock(why: string): readonly string[] {
  return [read, callOrEnd("lock", holder(why), String(lockTries), String(secondsATry)), callOrEnd("recover")];
}

/** Puts the undo program and its two triggers on the host, or refuses with nothing changed. */
export function arm(token: string, seconds: number, steps: string): readonly string[] {
  return [callOrEnd("arm", token, String(seconds), steps)];
}

/** Before each step: the change still waits, and from now on has its full time again. */
export const takeTurn: readonly string[] = [callOrEnd("turn")];

/** Holds the lock while the client verifies, as long as it sends a byte in that time. */
export function holdLock(seconds: number): readonly string[] {
  return [call("hold", String(seconds))];
}

/** The change stays. */
export function keep(token: string): readonly string[] {
  return [read, call("confirm", token)];
}

/** Takes the change back now, if that has not yet happened, and tells what became of it. */
export function takeBack(token: string): readonly string[] {
  return [read, call("undo", token)];
}
