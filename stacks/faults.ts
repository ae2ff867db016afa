import * as pulumi from "@pulumi/pulumi";
import { oneLine } from "../provider/engine/printable.js";
import { PlanError } from "../provider/plan/index.js";

/** One fault of a stack's config: its path, "dockroute:hosts[2].subnet", and in words the value, the rule and what is allowed. */
export interface ConfigFault {
  readonly property: string;
  readonly reason: string;
}

/**
 * Every fault of a stack's config at once. It is a RunError, of which the CLI prints the message alone: a stack trace
 * does not help a person who mistyped an address.
 */
export class ConfigError extends pulumi.RunError {
  constructor(readonly faults: readonly ConfigFault[]) {
    const count = faults.length === 1 ? "a fault" : `${faults.length} faults`;
    super(
      `the stack's config has ${count}, nothing was changed:\n` +
        faults.map(({ property, reason }) => ` - ${oneLine(property)}: ${oneLine(reason)}`).join("\n"),
    );
    // Nobody sees it, but the SDK formats it for its trace, which with tsx's paths took Node half a minute and
    // gigabytes.
    this.stack = "";
  }
}

/** Gathers faults, of each property only the first: two readers may refuse the same value. */
export class Faults {
  readonly #byProperty = new Map<string, string>();

  add(...faults: readonly ConfigFault[]): void {
    for (const { property, reason } of faults) {
      if (!this.#byProperty.has(property)) this.#byProperty.set(property, reason);
    }
  }

  get all(): readonly ConfigFault[] {
    return [...this.#byProperty].map(([property, reason]) => ({ property, reason }));
  }
}

/** The planner's result; where it refuses the config, undefined, and `faults` gets every fault by its key. */
export function planned<T>(plan: () => T, faults: Faults): T | undefined {
  try {
    return plan();
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    faults.add(
      ...error.faults.map(({ property, reason }) => ({ property: `dockroute:${property}`, reason })),
    );
    return undefined;
  }
}
