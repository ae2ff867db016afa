/** Errors of a change that was begun. */
import { oneLine } from "../printable.js";
import { again, DockrouteError } from "./error.js";

/**
 * Tells the engine to record a partially applied resource, which a later run completes or removes. No other error
 * may have an `id`: the engine would record a resource without properties, even without its provider.
 */
export class PartiallyApplied extends DockrouteError {
  readonly reasons: readonly string[];

  constructor(
    message: string,
    readonly id: string,
    readonly properties: Readonly<Record<string, unknown>>,
  ) {
    super(message);
    this.reasons = [message];
  }
}

/** The effects that a failed command may have had. */
export interface Effect {
  /** false: only commands that change nothing had run. */
  readonly changed: boolean;
  /** A command that can stop containers had begun. */
  readonly disrupted: boolean;
}

/** A command exited with another status than 0. */
export class CommandFailed extends DockrouteError {
  constructor(
    readonly host: string,
    readonly why: string,
    readonly commandLine: string,
    readonly code: number | undefined,
    readonly output: string,
    /** The end of the commands before it, in sentences. */
    readonly outcome: string,
    readonly effect: Effect = { changed: true, disrupted: false },
  ) {
    const printed = output.trim() === "" ? " and printed nothing" : `: ${output.trim().replace(/\.$/, "")}`;
    super(
      `${host}: could not ${why}: \`${commandLine}\` exited with ${code ?? "no status"}${printed}. ${outcome} ${again}`,
    );
  }

  override get changedSomething(): boolean {
    return this.effect.changed;
  }

  override get stopsRollout(): boolean {
    return this.effect.disrupted;
  }

  /** The same failure inside a transaction, whose rollback ended like this. */
  rolledBack(outcome: string, isRestored: boolean): CommandFailed {
    const { host, why, commandLine, code, output, effect } = this;
    const disrupted = effect.disrupted || !isRestored;
    return new CommandFailed(host, why, commandLine, code, output, outcome, { ...effect, disrupted });
  }
}

/** Changes that did not depend on each other failed; those beside them were made. */
export class SeveralFailed extends DockrouteError {
  constructor(readonly errors: readonly DockrouteError[]) {
    super(errors.map(({ message }) => message).join("\n"));
  }

  override get changedSomething(): boolean {
    return this.errors.some(({ changedSomething }) => changedSomething);
  }

  override get stopsRollout(): boolean {
    return this.errors.some(({ stopsRollout }) => stopsRollout);
  }
}

/** A change inside the commit-confirmed transaction failed; `outcome` tells how it ended. */
export class NotConfirmed extends DockrouteError {
  constructor(
    readonly host: string,
    readonly why: string,
    readonly reason: string,
    readonly outcome: string,
    override readonly cause?: unknown,
    /** True if a command that can stop containers may have begun. */
    readonly disrupted = true,
  ) {
    super(`${host}: could not ${why}: ${reason} ${outcome} ${again}`);
  }

  override get stopsRollout(): boolean {
    return this.disrupted;
  }
}

/** A change was made, and the host could not be read again. */
export class NotReadAgain extends DockrouteError {
  constructor(
    readonly host: string,
    readonly resource: string,
    reason: string,
  ) {
    super(
      `${host}: the commands for ${resource} succeeded, and the host could not be read again: ${reason}. Whether the change is complete is not known. ${again}`,
    );
  }
}

/** Every step succeeded, and the host is still not as wanted. */
export class NotConverged extends DockrouteError {
  constructor(
    readonly host: string,
    readonly resource: string,
    readonly pending: readonly string[],
    outcome = "",
  ) {
    super(
      `${host}: every step for ${resource} succeeded, and it is still not as wanted; still pending: ${pending.join("; ")}. ` +
        `${outcome}Another program on the host changes it back, or the host reports it differently: look there, then run \`pulumi up\` again.`,
    );
  }
}

/** A change was made, and what ran on the host before does not run again. */
export class Unhealthy extends DockrouteError {
  constructor(
    readonly host: string,
    readonly resource: string,
    readonly reasons: readonly string[],
  ) {
    super(`${host}: the host is unhealthy after the change of ${resource}: ${reasons.join("; ")}.`);
  }
}

/** A mistake in dockroute itself, with all that is known of it. */
export class InternalError extends DockrouteError {
  constructor(
    readonly host: string,
    readonly resource: string,
    error: unknown,
  ) {
    const [what = "", where = ""] = (
      error instanceof Error ? (error.stack ?? error.message) : String(error)
    ).split("\n");
    super(
      `${host}: ${resource}: an internal error of dockroute: ${oneLine(what, 500)} (${where.trim()}). What was changed before it is not known. ` +
        "Run `pulumi up` again: it looks first and goes on from there. If it fails like this again, please report this line.",
    );
  }

  override get stopsRollout(): boolean {
    return true;
  }
}
