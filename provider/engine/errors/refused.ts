/** Errors of a change that was not begun: nothing was changed. */
import { oneLine } from "../printable.js";
import { DockrouteError } from "./error.js";
import type { Fault } from "./fault.js";

abstract class NothingChanged extends DockrouteError {
  override get changedSomething(): boolean {
    return false;
  }
}

/** The change would do harm on this host, or its inputs are wrong. */
export class Refused extends NothingChanged {
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

/** An import that cannot be: of a resource of which nothing can be read back, or whose host is not known. */
export class NoImport extends NothingChanged {
  constructor(
    readonly resource: string,
    reason: string,
  ) {
    super(`${resource} cannot be imported: ${oneLine(reason)}`);
  }
}

/** Parts of the resource would do harm on this host; the others were made. */
export class PartlyRefused extends DockrouteError {
  constructor(
    readonly host: string,
    readonly resource: string,
    readonly faults: readonly Fault[],
  ) {
    super(
      `${host}: parts of ${resource} were refused, nothing was changed of them, and the rest is as wanted:\n` +
        faults.map((fault) => ` - ${fault.property}: ${oneLine(fault.reason)}`).join("\n") +
        "\nCorrect the inputs or the host, then run `pulumi up` again.",
    );
  }
}

/** Something on the host must be repaired before the change. */
export class NotReady extends NothingChanged {
  constructor(
    readonly host: string,
    readonly resource: string,
    readonly reasons: readonly string[],
  ) {
    super(
      `${host}: ${resource} cannot be changed now: ${reasons.join("; ")}. Nothing was changed. ` +
        "Correct that on the host, then run `pulumi up` again.",
    );
  }
}

/** Another run held the host's lock for too long. */
export class HostBusy extends NothingChanged {
  constructor(
    readonly host: string,
    readonly why: string,
    readonly holder: string,
    readonly seconds: number,
  ) {
    super(
      `${host}: could not ${why}: the host's lock was not free within ${seconds} s; it is held by ${holder || "an unnamed process"}. ` +
        "Nothing was changed. Wait until that run has ended, then run `pulumi up` again.",
    );
  }
}

/** Another host failed at its restart of Docker, so this host's Docker was not restarted. */
export class RolloutStopped extends NothingChanged {
  constructor(
    readonly host: string,
    readonly failed: string,
  ) {
    super(
      `${host}: Docker was not restarted, because ${failed} failed at its own restart; nothing was changed on ${host}. ` +
        `Correct what the error of ${failed} names, then run \`pulumi up\` again.`,
    );
  }
}

/** The config declares a host gone for good, and it answers, or it cannot be told whether it is gone. */
export class HostStillAlive extends NothingChanged {
  /** @param doubt why the host cannot be asked, where that does not show that it is gone; "" where it answers */
  constructor(
    readonly host: string,
    readonly endpoint: string,
    doubt: string,
  ) {
    const restore =
      "remove `gone: true` and run `pulumi up`: it restores the host as `pulumi destroy` would.";
    const [found, next] =
      doubt === ""
        ? ["it still answers", `To take dockroute off it, ${restore}`]
        : [
            `it may still be there: ${doubt}`,
            `To give it up as it is, switch it off and run \`pulumi up\` again. To take dockroute off it, correct that, ${restore}`,
          ];
    super(
      `${host} (${endpoint}): dockroute:leaving has \`gone: true\` for this host, but ${found}. Nothing was changed. ${next}`,
    );
  }
}
