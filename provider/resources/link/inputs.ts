/** The inputs of a HostLink and their normal form. */
import { z } from "zod";
import type { OnHost } from "../../engine/kind.js";
import { devices } from "../../facts/link-device.js";
import { defaultPorts, type LinkKind } from "../../plan/index.js";
import { address, nic, onHost, source } from "../host/inputs.js";
import { firstOf } from "../host/network.js";

export interface HostLinkInputs extends OnHost {
  /** The kind of link that carries the packets between sites. Another kind replaces it. @example "wireguard" */
  readonly kind: LinkKind;
  /**
   * The network address of the host's subnet, which its device has as its only address: the host itself calls peers'
   * containers from it, and they let it in with the subnet. @example "172.30.1.0/32"
   */
  readonly address: string;
  /** The UDP port. @default 51820 for WireGuard, 4789 for VXLAN */
  readonly port?: number | undefined;
  /**
   * The largest packet that goes through, in bytes.
   * @default that of the network card towards the peers, less 80 for WireGuard and 50 for VXLAN @example 1320
   */
  readonly mtu?: number | undefined;
  /** VXLAN alone: the network card that the packets leave by. @default by the routes of the host @example "eth0" */
  readonly interface?: string | undefined;
  /**
   * The addresses of the peers, which may send to the port. None opens the port to everybody, for a peer whose address is
   * not known; WireGuard answers nobody who has no key of a peer, and VXLAN everybody, so it must have some.
   * @example ["203.0.113.9/32"]
   */
  readonly sources: readonly string[];
}

const own = address.or(
  z.string().transform((given, context) => {
    const read = /^(.*)\/32$/.exec(given)?.[1];
    const parsed = read === undefined ? undefined : address.safeParse(read);
    if (parsed?.success === true) return parsed.data;
    context.addIssue({
      code: "custom",
      message: `${JSON.stringify(given)} is not one address: "172.30.1.0/32"`,
    });
    return z.NEVER;
  }),
);

export const schema = z
  .strictObject({
    ...onHost,
    kind: z.enum(["wireguard", "vxlan"]),
    address: own.transform((read) => `${read}/32`),
    port: z.number().int().min(1).max(65535).optional(),
    mtu: z.number().int().min(576).max(65535).optional(),
    interface: nic.optional(),
    sources: z.array(source).transform((items): readonly string[] => [...new Set<string>(items)].sort()),
  })
  .superRefine(({ kind, interface: card, sources }, context) => {
    const refuse = (property: string, message: string) =>
      context.addIssue({ code: "custom", path: [property], message });
    if (kind === "wireguard" && card !== undefined)
      refuse("interface", "is of a VXLAN; WireGuard sends by the routes of the host");
    if (kind === "vxlan" && sources.length === 0)
      refuse(
        "sources",
        "is empty: VXLAN lets in everybody who can send to its port, so it must name the peers",
      );
  })
  .transform((inputs) => ({ ...inputs, port: inputs.port ?? defaultPorts[inputs.kind] }));

export function deviceOf({ kind }: Pick<HostLinkInputs, "kind">): string {
  return devices[kind];
}

export function portOf({ kind, port }: Pick<HostLinkInputs, "kind" | "port">): number {
  return port ?? defaultPorts[kind];
}

/** Without its "/32". */
export function addressOf({ address: given }: Pick<HostLinkInputs, "address">): string {
  return firstOf(given);
}
