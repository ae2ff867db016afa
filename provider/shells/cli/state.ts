/** Reads from a stack's state where its hosts are, for programs that keep no hosts in the config. */
import { z } from "zod";

/** The program's way to reach a host, and the network interface that its packets use. */
export interface DeclaredHost {
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

/** By host name, from the output of `pulumi stack export --show-secrets`. */
export function declaredHosts(exported: unknown): ReadonlyMap<string, DeclaredHost> {
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

/** Pulumi marks a secret in a state by this key; `plaintext` holds it when secrets are shown. */
const mark = "4dabf18193072939515e22adb298388d";
const secret = z.object({ [mark]: z.string(), plaintext: z.string() });

function unwrapped(value: unknown): unknown {
  const hidden = secret.safeParse(value);
  if (hidden.success) return JSON.parse(hidden.data.plaintext);
  if (Array.isArray(value)) return value.map(unwrapped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrapped(inner)]));
}
