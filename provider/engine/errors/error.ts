import { printable } from "../printable.js";

const longest = 8000;

/**
 * The base of every error that a person can meet. Its message names the host, the step and its purpose, what the
 * host printed, whether anything was changed, and what to do next. Code tells errors apart by class, never by text.
 */
export abstract class DockrouteError extends Error {
  /** True if the host may differ from before: the engine then records the resource as partially applied. */
  get changedSomething(): boolean {
    return true;
  }

  /** True if containers may have been stopped and not be back: no other host's Docker is restarted then. */
  get stopsRollout(): boolean {
    return false;
  }

  constructor(message: string) {
    // The message may quote the host, so it is cleaned here, before any terminal shows it.
    super(printable(message, longest));
    this.name = this.constructor.name;
    // For some calls the engine prints `${error}: ${error.stack}`. Our stack does not help a person.
    this.stack = "";
  }
}

/** The advice of errors whose cause is on the host. */
export const again =
  "Correct the cause on the host, then run `pulumi up` again: it looks first and goes on from there.";
