import type { Parsed } from "./cidr.js";
import type { PlanFault } from "./error.js";

/** Every fault of one config, gathered: a value that cannot be read is undefined. */
export class Reader {
  readonly faults: PlanFault[] = [];

  add(property: string, reason: string): undefined {
    this.faults.push({ property, reason });
    return undefined;
  }

  read<T>(property: string, parsed: Parsed<T>): T | undefined {
    return "value" in parsed ? parsed.value : this.add(property, parsed.reason);
  }
}

/** The value in a list, or none. */
export function known<T>(parsed: Parsed<T>): T[] {
  return "value" in parsed ? [parsed.value] : [];
}
