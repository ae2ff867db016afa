/** Errors of a host that cannot be asked, or whose answer cannot be used. */
import { oneLine } from "../printable.js";
import { DockrouteError } from "./error.js";

/** No login succeeded: nothing was sent to the host, so nothing was changed. */
export class Unreachable extends DockrouteError {
  constructor(
    readonly host: string,
    readonly endpoint: string,
    readonly reason: string,
    readonly advice: string,
    /** True if the host itself did not answer: its address is silent, or another machine has it. */
    readonly silent = false,
  ) {
    super(`${host} (${endpoint}): not reached: ${reason}. Nothing was changed on it. ${advice}`);
  }

  override get changedSomething(): boolean {
    return false;
  }
}

/** The connection was lost during a step: its outcome is unknown until the host is read again. */
export class ConnectionLost extends DockrouteError {
  constructor(
    readonly host: string,
    readonly endpoint: string,
    readonly why: string,
    readonly reason: string,
    /** The step only asked a question, so it changed nothing. */
    readonly asked = false,
  ) {
    const next = asked
      ? "This step only reads: nothing was changed by it. Run `pulumi up` again."
      : "Whether that step was done is not known. Run `pulumi up` again: it looks first and goes on from there.";
    super(`${host} (${endpoint}): the connection was lost at the step "${why}": ${reason}. ${next}`);
  }

  override get stopsRollout(): boolean {
    return !this.asked;
  }
}

/** A program on the host printed something that it never prints when it works. Nothing was changed. */
export class UnexpectedOutput extends DockrouteError {
  readonly reason: string;

  constructor(
    readonly host: string,
    readonly resource: string,
    readonly program: string,
    output: string,
    /** The fault of the output, in words. */
    problem = output.trim() === "" ? "it is empty" : `"${oneLine(output, 200)}"`,
  ) {
    const reason = `the output of \`${program}\` cannot be used: ${problem}`;
    super(
      `${host}: could not look at ${resource}: ${reason}. Nothing was changed. ` +
        `Run \`${program}\` on ${host} and correct what it prints, then run \`pulumi up\` again.`,
    );
    this.reason = reason;
  }

  override get changedSomething(): boolean {
    return false;
  }
}

/** A host that cannot be asked now: preview shows its own resources as pending, and no other host is held up. */
export function cannotBeAsked(error: unknown): error is Unreachable | ConnectionLost | UnexpectedOutput {
  return error instanceof Unreachable || error instanceof ConnectionLost || error instanceof UnexpectedOutput;
}
