/** The forms that inputs of all resources share, and the one reader that names every fault at once. */
import { z } from "zod";
import type { Fault } from "../../engine/errors/fault.js";
import type { Checked } from "../../engine/kind.js";
import { pathOf } from "../../engine/printable.js";
import {
  firstAddress,
  type Parsed,
  parseAddress,
  parseHostOrRange,
  parseInterface,
  parseRange,
  printAddress,
  printRange,
  sameAddress,
} from "../../plan/cidr.js";
import { v4 } from "../../plan/family.js";
import { hostNamePattern, interfacePattern } from "../../plan/names.js";

function text<T>(parse: (text: string) => Parsed<T>, print: (value: T) => string) {
  return z.string().transform((given, context) => {
    const parsed = parse(given);
    if ("value" in parsed) return print(parsed.value);
    context.addIssue({ code: "custom", message: parsed.reason });
    return z.NEVER;
  });
}

export const range = text((given) => parseRange(given, v4), printRange);
export const address = text((given) => parseAddress(given, v4), printAddress);
/** A peer's subnet, or a peer's own address, which is the same as its /32. */
export const source = text((given) => parseHostOrRange(given, v4), printRange);

/**
 * An address with its network, whose host part is neither all zeros nor all ones: dockerd does not start with
 * the network's own address as bip (moby/moby#22638).
 */
export const bip = z.string().transform((given, context) => {
  const parsed = parseInterface(given, v4);
  if ("reason" in parsed) {
    context.addIssue({ code: "custom", message: parsed.reason });
    return z.NEVER;
  }
  const { address: own, range: net } = parsed.value;
  const isEdge = sameAddress(own, net.first) || sameAddress(own, net.last);
  if (net.prefix <= 30 && !isEdge) return `${printAddress(own)}/${net.prefix}`;
  const first =
    net.prefix <= 30 ? `${printAddress(firstAddress(net))}/${net.prefix}` : "a prefix of at most /30";
  context.addIssue({
    code: "custom",
    message: `${given} is not an address that a bridge can have; allowed is ${first}`,
  });
  return z.NEVER;
});

/** A Linux interface name: up to 15 characters, none that a shell or a rule could read otherwise. */
export const nic = z.string().regex(interfacePattern, {
  error: ({ input }) =>
    `${JSON.stringify(input)} is not an interface's name: 1 to 15 letters, digits, "_", ".", "-" or "@"`,
});

export const hostName = z.string().regex(hostNamePattern, {
  error: ({ input }) =>
    `${JSON.stringify(input)} is not a host's name: 1 to 32 of a-z, 0-9 and "-", with no "-" at either end`,
});

const endpoint = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_.-]*@(\[[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?\]|[A-Za-z0-9_][A-Za-z0-9_.-]*):\d{1,5}$/,
    {
      error: ({ input }) => `${JSON.stringify(input)} is not an endpoint: user@host:port`,
    },
  );

export const onHost = { host: hostName, endpoint };

/** Reads raw inputs: their normal form, or all faults, each on its property. */
export function read<I>(schema: z.ZodType<I>, raw: Readonly<Record<string, unknown>>): Checked<I> {
  const result = schema.safeParse(raw);
  if (result.success) return { inputs: result.data };
  return {
    faults: result.error.issues.map(
      ({ path, message }): Fault => ({ property: pathOf(path), reason: message }),
    ),
  };
}
