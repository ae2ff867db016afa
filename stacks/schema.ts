import { z } from "zod";
import { pathOf } from "../provider/engine/printable.js";
import { betweens, hostNamePattern, interfacePattern } from "../provider/plan/index.js";
import type { Faults } from "./faults.js";

/**
 * The shapes of the config's keys. The planner checks names, addresses and ranges; the reader of connections
 * checks connections.
 */

const text = z.string({
  error: ({ input }) =>
    input === undefined ? "is missing" : `${shown(input)} is not text; put it in quotes`,
});

const truth = z.boolean({ error: ({ input }) => `${shown(input)} is refused: true or false is allowed` });

const count = "a whole number from 1 is allowed";

const interfaceName = text.regex(interfacePattern, {
  error: ({ input }) =>
    `${shown(input)} is not an interface name: 1 to 15 letters, digits, "_", ".", "@" and "-" are allowed, ` +
    "beginning with a letter, a digit or a _, like eth0",
});

const hostName = text.regex(hostNamePattern, {
  error: ({ input }) =>
    `${shown(input)} is refused: a name is 1 to 32 of a-z, 0-9 and -, and neither begins nor ends with -`,
});

/** The settings of a host's own in each LAN. */
export const lansOfHost = z
  .record(z.string(), z.strictObject({ range: text.optional(), parent: text.optional() }))
  .optional();

export const host = z.strictObject({
  name: text,
  address: text,
  subnet: text.optional(),
  site: text.optional(),
  publicAddress: text.optional(),
  interface: interfaceName.optional(),
  lans: lansOfHost,
  connection: z.unknown().optional(),
});

export const leavingHost = z.strictObject({
  name: hostName,
  connection: z.unknown().optional(),
  gone: truth.optional(),
});

export const pool = z.string({
  error: "is missing: the range that hosts' subnets are taken from, like 172.30.0.0/16",
});
export const prefix = z
  .number({ error: ({ input }) => `${shown(input)} is refused: a prefix length is allowed, like 24` })
  .optional();
export const routes = z
  .enum(["pair", "host"], {
    error: ({ input }) => `${shown(input)} is refused: pair or host is allowed`,
  })
  .default("pair");
export const between = z
  .enum(betweens, {
    error: ({ input }) => `${shown(input)} is refused: wireguard, vxlan, routed or refuse is allowed`,
  })
  .optional();
const number = z
  .number({ error: ({ input }) => `${shown(input)} is refused: a number is allowed` })
  .exactOptional();
/** The planner checks the bounds. */
export const link = z.strictObject({ port: number, mtu: number, keepalive: number });
export const flag = truth.default(false);
export const maxUnavailable = z
  .number({ error: ({ input }) => `${shown(input)} is refused: ${count}` })
  .refine((value) => Number.isInteger(value) && value >= 1, {
    error: ({ input }) => `${shown(input)} is refused: ${count}`,
  })
  .default(1);

/** A value as a message shows it. The contents of a list or an object are not shown: they could be secret. */
function shown(value: unknown): string {
  return typeof value === "object" && value !== null ? "a list or an object" : JSON.stringify(value);
}

/** The value in this form; where it has another, undefined, and `faults` gets every fault. */
export function check<T>(form: z.ZodType<T>, raw: unknown, property: string, faults: Faults): T | undefined {
  const read = form.safeParse(raw);
  if (read.success) return read.data;
  for (const issue of read.error.issues) {
    const where = pathOf(issue.path, property);
    if (issue.code !== "unrecognized_keys") {
      faults.add({ property: where, reason: issue.message });
      continue;
    }
    const known = form instanceof z.ZodObject ? `; known are ${Object.keys(form.shape).join(", ")}` : "";
    faults.add(...issue.keys.map((key) => ({ property: `${where}.${key}`, reason: `is not known${known}` })));
  }
  return undefined;
}
