/** The provider's configuration: that of the stack, or that of an explicit provider of a program. */
import { z } from "zod";
import { hasUnknown, type Props } from "../lifecycle/props.js";

/**
 * The logins of the provider, and its knowledge of the mesh as a whole. The keys are those of a stack's
 * config; a program's own provider takes the same.
 */
export interface PluginConfig {
  /** The range that all hosts' subnets are taken from; the mesh as a whole is judged by it. @example "172.30.0.0/16" */
  readonly pool?: string;
  /** The size of a host's subnet, a prefix length. @default 24 */
  readonly hostPrefix?: number;
  /** The hosts: a list of `{ name, address, interface, connection }`, as in a stack's config. A resource of such a host needs no endpoint. */
  readonly hosts?: readonly unknown[];
  /** The login by ssh where neither a host's own connection nor a resource's has one. */
  readonly connection?: object;
  /** Hosts that were taken out: a list of `{ name, connection, gone }`. With `gone: true` nothing is undone on a host that is silent. */
  readonly leaving?: readonly unknown[];
  /** The number of hosts whose Docker may restart at once, in one provider. @default 1 */
  readonly maxUnavailable?: number;
}

export const configForm = z.object({
  pool: z.string().optional(),
  hostPrefix: z.number().int().optional(),
  hosts: z.array(z.unknown()).optional(),
  connection: z.unknown().optional(),
  leaving: z.array(z.unknown()).optional(),
  maxUnavailable: z.number().int().optional(),
} satisfies Readonly<Record<keyof PluginConfig, z.ZodType>>);

/**
 * By the keys' full names, as texts. The stack's config comes as JSON texts, that of an explicit provider as its
 * language writes it: JSON texts, or values. A value that a preview does not know yet is none.
 */
export function configOf(props: Props): (key: string) => string | undefined {
  const texts = Object.entries(props).flatMap(([name, value]) => {
    if (hasUnknown(value) || value === undefined) return [];
    return [[`dockroute:${name}`, typeof value === "string" ? value : JSON.stringify(value)] as const];
  });
  const all = new Map<string, string>(texts);
  return (key) => all.get(key);
}
