import * as pulumi from "@pulumi/pulumi";
import { oneLine } from "../provider/engine/printable.js";

/** One fault of a stack's config: "dockroute:hosts[2].subnet", and in words the value, the rule and what is allowed. */
export interface ConfigFault {
  readonly property: string;
  readonly reason: string;
}

/**
 * Every fault of a stack's config at once. A RunError, because the CLI prints its message alone: a person
 * who mistyped an address has no use for our stack.
 */
export class ConfigError extends pulumi.RunError {
  constructor(readonly faults: readonly ConfigFault[]) {
    const count = faults.length === 1 ? "a fault" : `${faults.length} faults`;
    super(
      `the stack's config has ${count}, nothing was changed:\n` +
        faults.map(({ property, reason }) => ` - ${oneLine(property)}: ${oneLine(reason)}`).join("\n"),
    );
    // Hidden from the person anyway. The SDK formats it for its trace, which with tsx's paths took Node half a
    // minute and gigabytes.
    this.stack = "";
  }
}

/** Gathers faults, the first one on each property: two readers may stumble over the same value. */
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

/** A path as `pulumi config set --path` takes it: "dockroute:hosts[2].subnet". */
export function pathOf(root: string, steps: readonly PropertyKey[]): string {
  return steps.reduce<string>(
    (path, step) => (typeof step === "number" ? `${path}[${step}]` : `${path}.${String(step)}`),
    root,
  );
}
