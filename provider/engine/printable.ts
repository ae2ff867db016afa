/** The text of a host, before it reaches a person: a message, an output, the state, a table of the command. */

const longest = 2000;
/** More entries than any mesh has: a longer list is a flood, and never as wanted. */
const mostItems = 10_000;

/**
 * Fit for an error or a log: no control character can move the cursor, colour the terminal or fake a line's
 * start, none of Unicode's can turn the direction of what is read, and a flood is cut in the middle, since the
 * cause stands at either end.
 */
export function printable(text: string, most = longest): string {
  const clean = text
    // An escape sequence goes as a whole, or its harmless-looking rest would stay behind.
    .replace(/(?:\p{Cc}\[|\u009b)[0-?]*[ -/]*[@-~]/gu, "")
    .replace(/\r\n?/g, "\n")
    .replace(/[^\n\t\P{C}]/gu, "")
    .trim();
  if (clean.length <= most) return clean;
  return `${clean.slice(0, most / 2)}\n[... ${clean.length - most} characters ...]\n${clean.slice(-most / 2)}`;
}

/** The same where a second line would be read as one of ours. */
export function oneLine(text: string, most = longest): string {
  return printable(text, most).replace(/\s+/g, " ");
}

/** Every text in a value, in one line each; lists that flood are cut. */
export function cleaned<T>(value: T): T;
export function cleaned(value: unknown): unknown {
  if (typeof value === "string") return oneLine(value);
  if (Array.isArray(value)) return value.slice(0, mostItems).map((item: unknown) => cleaned(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, mostItems)
      .map(([key, item]: [string, unknown]) => [oneLine(key), cleaned(item)]),
  );
}

/** The path of a property as `pulumi config set --path` takes it: "dockroute:hosts[2].subnet". */
export function pathOf(steps: readonly PropertyKey[], root = ""): string {
  return steps.reduce<string>((path, step) => {
    if (typeof step === "number") return `${path}[${step}]`;
    return path === "" ? String(step) : `${path}.${String(step)}`;
  }, root);
}
