/** One fault of an input: the property, and a sentence with its value, the rule and what is allowed. */
export interface Fault {
  readonly property: string;
  readonly reason: string;
}

export function fault(property: string, reason: string): Fault {
  return { property, reason };
}
