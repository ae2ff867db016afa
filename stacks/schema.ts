import { z } from "zod";
import { namePattern } from "../provider/plan/index.js";
import { type Faults, pathOf } from "./faults.js";

/**
 * The forms of the config's keys. Only shapes: what a name, an address or a range may be is known to the
 * planner, what a connection may be to the reader of connections, and both are asked as well.
 */

const text = z.string({
  error: ({ input }) =>
    input === undefined ? "is missing" : `${shown(input)} is not a text; put it in quotes`,
});

const truth = z.boolean({ error: ({ input }) => `${shown(input)} is refused: true or false is allowed` });

const count = "a whole number from 1 is allowed";

/** The kernel refuses a slash, a colon and white space; a shell or a rule could read other characters its own way. */
const interfaceName = text.regex(/^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,14}$/, {
  error: ({ input }) =>
    `${shown(input)} is no name of an interface: 1 to 15 letters, digits, "_", ".", "@" and "-" are allowed, ` +
    "of which the first is a letter, a digit or a _, like eth0",
});

const hostName = text.regex(namePattern, {
  error: ({ input }) =>
    `${shown(input)} is refused: a name is 1 to 32 of a-z, 0-9 and -, and neither begins nor ends with -`,
});

export const host = z.strictObject({
  name: text,
  address: text,
  subnet: text.optional(),
  interface: interfaceName.optional(),
  connection: z.unknown().optional(),
});

export const leavingHost = z.strictObject({
  name: hostName,
  connection: z.unknown().optional(),
  gone: truth.optional(),
});

export const pool = z.string({
  error: "is missing: the range that hosts get their parts of, like 172.30.0.0/16",
});
export const prefix = z
  .number({ error: ({ input }) => `${shown(input)} is refused: a prefix length is allowed, like 24` })
  .optional();
export const flag = truth.default(false);
export const maxUnavailable = z
  .number({ error: ({ input }) => `${shown(input)} is refused: ${count}` })
  .refine((value) => Number.isInteger(value) && value >= 1, {
    error: ({ input }) => `${shown(input)} is refused: ${count}`,
  })
  .default(1);

/** A value as a message shows it. What is inside of a list or an object is not shown: it could be a secret. */
function shown(value: unknown): string {
  return typeof value === "object" && value !== null ? "a list or an object" : JSON.stringify(value);
}

/** The value in its form; undefined, and every fault noted, where it has another. */
export function check<T>(form: z.ZodType<T>, raw: unknown, property: string, faults: Faults): T | undefined {
  const read = form.safeParse(raw);
  if (read.success) return read.data;
  for (const issue of read.error.issues) {
    const where = pathOf(property, issue.path);
    if (issue.code !== "unrecognized_keys") {
      faults.add({ property: where, reason: issue.message });
      continue;
    }
    const known = form instanceof z.ZodObject ? `; known are ${Object.keys(form.shape).join(", ")}` : "";
    faults.add(...issue.keys.map((key) => ({ property: `${where}.${key}`, reason: `is not known${known}` })));
  }
  return undefined;
}
