/** Reads from a stack's state where its hosts are, for programs that keep no hosts in the config. */
import { z } from "zod";
import type { FromState } from "../../check/member.js";
import type { Checked, OnHost } from "../../engine/kind.js";
import { forwardRule } from "../../resources/forward/index.js";
import { hostLink } from "../../resources/link/index.js";
import { masqueradeRule } from "../../resources/masquerade/index.js";
import { peerRoute } from "../../resources/route/index.js";

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
      const read = isOf(type, kind) ? form.safeParse(unwrapped(inputs)) : undefined;
      return read?.success === true ? [read.data] : [];
    });
  const cards = new Map(of("MasqueradeRule", rule).map(({ host, interfaces: [card] }) => [host, card]));
  return new Map(
    of("DockerBridge", bridge).map(({ host, ...where }) => [host, { ...where, interface: cards.get(host) }]),
  );
}

/** A dynamic resource and one of the plugin have the same kind: "dynamic/dockroute:PeerRoute", "dockroute:index:PeerRoute". */
function isOf(type: string, kind: string): boolean {
  return /(^|\/)dockroute:/.test(type) && type.split(":").at(-1) === kind;
}

/**
 * By host name the resources of a mesh with links or routed ways: which way a peer is reached is in no plan, and a key is
 * in no config.
 */
export function linkedHosts(exported: unknown): ReadonlyMap<string, FromState> {
  const { resources = [] } = state.parse(exported).deployment;
  const of = <I extends OnHost>(name: string, kind: Readable<I>): readonly I[] =>
    resources.flatMap(({ type, inputs }) => (isOf(type, name) ? inputsOf(kind, unwrapped(inputs)) : []));
  const links = of("HostLink", hostLink);
  const routes = of("PeerRoute", peerRoute);
  if (links.length === 0 && routes.every(({ routed }) => routed !== true)) return new Map();
  const [masquerades, forwards] = [of("MasqueradeRule", masqueradeRule), of("ForwardRule", forwardRule)];
  return new Map(
    forwards.map((forward): [string, FromState] => {
      const isHere = ({ host }: OnHost) => host === forward.host;
      const [link, masquerade] = [links.find(isHere), masquerades.find(isHere)];
      const own = { forward, routes: routes.filter(isHere) };
      return [
        forward.host,
        {
          ...own,
          ...(link === undefined ? {} : { link }),
          ...(masquerade === undefined ? {} : { masquerade }),
        },
      ];
    }),
  );
}

interface Readable<I> {
  readonly changes: Readonly<Record<string, unknown>>;
  check(raw: Readonly<Record<string, unknown>>): Checked<I>;
}

/** The state has more beside the inputs: what the host is, what was found. */
function inputsOf<I>({ changes, check }: Readable<I>, raw: unknown): readonly I[] {
  const names = ["host", "endpoint", ...Object.keys(changes)];
  const own = Object.entries(raw ?? {}).filter(([name]) => names.includes(name));
  const read = check(Object.fromEntries(own));
  return "inputs" in read ? [read.inputs] : [];
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
