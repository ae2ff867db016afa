/** Where a program of its own said that its hosts are: in the inputs of their resources, which the state keeps. */
import { z } from "zod";

/** How a program reaches a host, and over which card its packets go. */
export interface Declared {
  readonly endpoint: string;
  readonly connection?: unknown;
  readonly interface?: string | undefined;
}

const state = z.object({
  deployment: z.object({
    resources: z
      .array(z.object({ type: z.string(), inputs: z.record(z.string(), z.unknown()).optional() }))
      .optional(),
  }),
});

const bridge = z.object({ host: z.string(), endpoint: z.string(), connection: z.unknown().optional() });
const rule = z.object({ host: z.string(), interfaces: z.tuple([z.string()]) });

/** By host name; of what `pulumi stack export --show-secrets` prints. */
export function declaredHosts(exported: unknown): ReadonlyMap<string, Declared> {
  const { resources = [] } = state.parse(exported).deployment;
  const of = <T>(kind: string, form: z.ZodType<T>): readonly T[] =>
    resources.flatMap(({ type, inputs }) => {
      const read = type.endsWith(`/dockroute:${kind}`) ? form.safeParse(unwrapped(inputs)) : undefined;
      return read?.success === true ? [read.data] : [];
    });
  const cards = new Map(of("MasqueradeRule", rule).map(({ host, interfaces: [card] }) => [host, card]));
  return new Map(
    of("DockerBridge", bridge).map(({ host, ...where }) => [host, { ...where, interface: cards.get(host) }]),
  );
}

/** Pulumi's mark of a secret in a state, and the word for one in the clear. */
const mark = "4dabf18193072939515e22adb298388d";
const secret = z.object({ [mark]: z.string(), plaintext: z.string() });

function unwrapped(value: unknown): unknown {
  const hidden = secret.safeParse(value);
  if (hidden.success) return JSON.parse(hidden.data.plaintext);
  if (Array.isArray(value)) return value.map(unwrapped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrapped(inner)]));
}
