import { oneLine, printable } from "./printable.js";

const longest = 8000;

/**
 * The kinds of failure a person can meet. Each says which host, what was being done and why, what the
 * host said, whether anything was changed, and what to do next; code tells them apart by class, never by text.
 */
export abstract class DockrouteError extends Error {
  /** Whether something may have been changed on the host. */
  readonly changedSomething: boolean = true;

  constructor(message: string) {
    // Whatever of it a host has said: this is the last door before a terminal.
    super(printable(message, longest));
    this.name = this.constructor.name;
    // The engine prints `${error}: ${error.stack}` for some calls; a person has no use for our stack.
    this.stack = "";
  }
}

/**
 * What the engine needs to record a half-made resource, which a later run goes on with or undoes. No other error
 * may have an `id`: the engine would record a resource of it that has no properties, not even its provider.
 */
export class HalfDone extends DockrouteError {
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

/** The config says that a host is gone for good, and it answers, or nobody can tell. */
export class StillThere extends DockrouteError {
  override readonly changedSomething = false;

  /** @param doubt why it cannot be asked, though that does not show that it is gone; "" where it answers */
  constructor(
    readonly host: string,
    readonly endpoint: string,
    doubt: string,
  ) {
    const [found, next] =
      doubt === ""
        ? ["the host still answers", "Remove"]
        : [
            `it may still be there: ${doubt}`,
            "If it is to be forgotten, switch it off. Else mend that and remove",
          ];
    super(
      `${host} (${endpoint}): dockroute:leaving says \`gone: true\`, but ${found}. Nothing was changed. ` +
        `${next} \`gone: true\`, and \`pulumi up\` restores it as \`pulumi destroy\` would.`,
    );
  }
}

/** No login was had: nothing was sent to the host, so nothing was changed. */
export class Unreachable extends DockrouteError {
  override readonly changedSomething = false;

  constructor(
    readonly host: string,
    readonly endpoint: string,
    readonly reason: string,
    readonly advice: string,
    /** Whether the host itself said nothing: nobody is there, or another machine under its address. */
    readonly silent = false,
  ) {
    super(`${host} (${endpoint}): not reached: ${reason}. Nothing was changed on it. ${advice}`);
  }
}

/** The host was asked, and what it said is not what the program says that was asked. Nothing was changed. */
export class NotUnderstood extends DockrouteError {
  override readonly changedSomething = false;
  readonly reason: string;

  constructor(
    readonly host: string,
    readonly resource: string,
    readonly program: string,
    said: string,
  ) {
    const words = said.trim() === "" ? "nothing" : `"${oneLine(said, 200)}"`;
    const reason = `what \`${program}\` says there cannot be used: ${words}`;
    super(
      `${host}: could not look at ${resource}: ${reason}. Nothing was changed. ` +
        `Run \`${program}\` on ${host}; when it says what it should, run \`pulumi up\` again.`,
    );
    this.reason = reason;
  }
}

/** A host that just now cannot be asked: its own resources show as due, and nobody else's suffer from it. */
export function cannotBeAsked(error: unknown): error is Unreachable | LinkLost | NotUnderstood {
  return error instanceof Unreachable || error instanceof LinkLost || error instanceof NotUnderstood;
}

/** A mistake of dockroute's own: it has no name, so all that is known of it is told. */
export class Unexpected extends DockrouteError {
  constructor(
    readonly host: string,
    readonly resource: string,
    error: unknown,
  ) {
    const [what = "", where = ""] = (
      error instanceof Error ? (error.stack ?? error.message) : String(error)
    ).split("\n");
    super(
      `${host}: ${resource}: a fault of dockroute's own: ${oneLine(what, 500)} (${where.trim()}). What was changed until then is not known. ` +
        "Run `pulumi up` again: it looks first and goes on from there. If it ends like this again, please report this line.",
    );
  }
}

/** The link was lost with a command under way: its outcome is unknown until the host is looked at again. */
export class LinkLost extends DockrouteError {
  constructor(
    readonly host: string,
    readonly endpoint: string,
    readonly why: string,
    readonly reason: string,
    /** It was only asked something: then nothing was changed by that. */
    readonly asked = false,
  ) {
    const left = asked
      ? "Nothing was changed by that. See what becomes of it on the host itself, then run `pulumi up` again."
      : "Whether that step was done is not known. Run `pulumi up` again: it looks first and goes on from there.";
    super(`${host} (${endpoint}): the connection was lost while it was to ${why}: ${reason}. ${left}`);
  }
}

/** A command ended with another status than 0. */
export class CommandFailed extends DockrouteError {
  constructor(
    readonly host: string,
    readonly why: string,
    readonly commandLine: string,
    readonly code: number | undefined,
    readonly said: string,
    readonly undone: string,
  ) {
    super(
      `${host}: could not ${why}: \`${commandLine}\` ended with ${code ?? "no exit status"}` +
        `${said.trim() === "" ? " and said nothing" : `: ${said.trim().replace(/\.$/, "")}`}. ${undone} ${again}`,
    );
  }
}

/** A change inside the host transaction came to nothing; `undone` says what became of what was begun. */
export class NotConfirmed extends DockrouteError {
  constructor(
    readonly host: string,
    readonly why: string,
    readonly reason: string,
    readonly undone: string,
    override readonly cause?: unknown,
  ) {
    super(`${host}: could not ${why}: ${reason} ${undone} ${again}`);
  }
}

/** Someone else is changing this host and did not finish in time. Nothing was changed. */
export class HostBusy extends DockrouteError {
  override readonly changedSomething = false;

  constructor(
    readonly host: string,
    readonly why: string,
    readonly holder: string,
    readonly seconds: number,
  ) {
    super(
      `${host}: could not ${why}: for ${seconds} s the host was being changed by ${holder || "someone unnamed"}. ` +
        "Nothing was changed. Wait until that has ended, then run `pulumi up` again.",
    );
  }
}

/** Every step ended well, and the host still is not as wanted. */
export class NotConverged extends DockrouteError {
  constructor(
    readonly host: string,
    readonly resource: string,
    readonly due: readonly string[],
    readonly undone = "",
  ) {
    super(
      `${host}: ${resource} is still not as wanted after all steps ended well; still due: ${due.join("; ")}. ` +
        `${undone}Something on the host changes it back, or reports it differently: look there, then run \`pulumi up\` again.`,
    );
  }
}

/** The host is such that the change must not be made. Nothing was changed. */
export class Refused extends DockrouteError {
  override readonly changedSomething = false;

  constructor(
    readonly host: string,
    readonly resource: string,
    readonly faults: readonly Fault[],
  ) {
    super(
      `${host}: ${resource} was refused, nothing was changed:\n` +
        faults.map((fault) => ` - ${fault.property}: ${oneLine(fault.reason)}`).join("\n"),
    );
  }
}

/** Something on the host must be mended first. Nothing was changed. */
export class NotReady extends DockrouteError {
  override readonly changedSomething = false;

  constructor(
    readonly host: string,
    readonly resource: string,
    readonly reasons: readonly string[],
  ) {
    super(
      `${host}: ${resource} cannot be changed now: ${reasons.join("; ")}. Nothing was changed. Mend that, then run \`pulumi up\` again.`,
    );
  }
}

/** A change was made, and the host did not come back well: what ran before does not run. */
export class NotWell extends DockrouteError {
  constructor(
    readonly host: string,
    readonly resource: string,
    readonly reasons: readonly string[],
  ) {
    super(`${host}: after the change of ${resource} the host is not well: ${reasons.join("; ")}.`);
  }
}

/** Another host did not come back from its restart of Docker, so this one was not restarted. */
export class NoFurther extends DockrouteError {
  override readonly changedSomething = false;

  constructor(
    readonly host: string,
    readonly failed: string,
  ) {
    super(
      `${host}: Docker was not restarted, because ${failed} did not come back well from its own restart; nothing was changed here. ` +
        `Mend ${failed}, then run \`pulumi up\` again.`,
    );
  }
}

/** For errors whose cause is on the host. */
const again = "Mend what it says, then run `pulumi up` again: it looks first and goes on from there.";

/** One fault of an input: which property, and in words the value, the rule and what is allowed. */
export interface Fault {
  readonly property: string;
  readonly reason: string;
}
