/** The link of a route: how a program writes it, and the faults of it. */
import { z } from "zod";
import * as link from "../../facts/link-device.js";
import * as wireguard from "../../facts/wireguard.js";
import { readEndpoint } from "../../plan/index.js";
import { address } from "../host/inputs.js";

/** The way to a peer of another site. */
export interface LinkToPeer {
  /** The device of this host's HostLink. @example "dr-wg" */
  readonly device: string;
  /** WireGuard: the peer's public key, an output of its HostLink. */
  readonly publicKey?: string | undefined;
  /**
   * The address at which the peer is reached: with its port for WireGuard, without for VXLAN. WireGuard needs none for a
   * peer behind NAT, which calls this host. @example "203.0.113.9:51820"
   */
  readonly endpoint?: string | undefined;
  /** WireGuard: seconds between two packets that keep a NAT in front of this host open. @default none @example 25 */
  readonly keepalive?: number | undefined;
  /** VXLAN: the network address of the peer's subnet, which its device has. @example "172.30.2.0" */
  readonly address?: string | undefined;
}

const { wireguard: wg, vxlan: vx } = link.devices;

/** One form for both kinds, because every language has one type for it; the parts of the other kind are refused. */
export const linkForm = z
  .strictObject({
    device: z.enum([wg, vx]),
    publicKey: z.string().regex(wireguard.keyForm, { error: "is not a public key of WireGuard" }).optional(),
    endpoint: z.string().optional(),
    keepalive: z.number().int().min(1).max(65535).optional(),
    address: address.optional(),
  })
  .superRefine((given, context) => {
    for (const [path, message] of given.device === wg ? wireguardFaults(given) : vxlanFaults(given)) {
      context.addIssue({ code: "custom", path: [path], message });
    }
  })
  .meta({ id: "LinkToPeer" });

type LinkFault = readonly [property: string, message: string];

function wireguardFaults({ publicKey, endpoint, address: hop }: LinkToPeer): readonly LinkFault[] {
  return [
    ...(publicKey === undefined
      ? [["publicKey", "is missing: an output of the peer's HostLink"] as const]
      : []),
    ...(hop === undefined ? [] : [["address", "is of a VXLAN; WireGuard needs no next hop"] as const]),
    ...(endpoint === undefined || readEndpoint(endpoint)?.port !== undefined
      ? []
      : [
          [
            "endpoint",
            `${JSON.stringify(endpoint)} is not an address with a port: "203.0.113.9:51820"`,
          ] as const,
        ]),
  ];
}

function vxlanFaults({
  publicKey,
  endpoint = "",
  keepalive,
  address: hop,
}: LinkToPeer): readonly LinkFault[] {
  return [
    ...(publicKey === undefined ? [] : [["publicKey", "is of WireGuard; VXLAN has no keys"] as const]),
    ...(keepalive === undefined ? [] : [["keepalive", "is of WireGuard; VXLAN passes no NAT"] as const]),
    ...(hop === undefined
      ? [["address", "is missing: the network address of the peer's subnet"] as const]
      : []),
    ...(address.safeParse(endpoint).success
      ? []
      : [["endpoint", `${JSON.stringify(endpoint)} is not an address: "203.0.113.9"`] as const]),
  ];
}
