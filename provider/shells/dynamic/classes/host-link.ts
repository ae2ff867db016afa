import type * as pulumi from "@pulumi/pulumi";
import type { HostLinkInputs } from "../../../resources/link/index.js";
import { type Args, HostResource } from "./resource.js";

/** The inputs of a HostLink, each documented at its name. */
export interface HostLinkArgs extends Args<HostLinkInputs> {}

/**
 * A host's end of the links to hosts of other sites: one device for all of its peers there. The peers and the routes to
 * them are the PeerRoutes', by their input `link`; a ForwardRule's `links` lets their packets in.
 *
 * On the host: the device dr-wg (WireGuard) or dr-vx (VXLAN) with the network address of the host's subnet; a chain of
 * iptables at the top of INPUT that opens the UDP port to the peers, and a policy of firewalld where that runs; a script
 * under /etc/dockroute/scripts that puts all of it back at boot. WireGuard: the private key in /etc/dockroute/wg.key, made
 * on the host and readable by root alone; and the unit dockroute-wireguard.service, where wireguard-go stands in for a
 * kernel without WireGuard. VXLAN: its port is closed to everybody else, and its packets are kept from conntrack.
 *
 * Another host or kind replaces it; all else is changed in place. Another `port` of a VXLAN makes its device anew.
 *
 * Errors: Refused (no WireGuard on the host, and what to install; the port or the device's name is somebody else's),
 * CommandFailed, NotConverged, Unreachable.
 *
 * @example
 * ```ts
 * const link = new HostLink("alpha-link", {
 *   host: "alpha",
 *   endpoint: "root@192.168.145.128:22",
 *   kind: "wireguard",
 *   address: "172.30.1.0/32",
 *   sources: ["203.0.113.9/32"],
 * });
 * ```
 */
export class HostLink extends HostResource {
  /** The kind of link that carries the packets between sites. */
  declare readonly kind: pulumi.Output<"wireguard" | "vxlan">;
  /** The address of the device. */
  declare readonly address: pulumi.Output<string>;
  /** The UDP port. */
  declare readonly port: pulumi.Output<number>;
  /** The largest packet that goes through, in bytes. */
  declare readonly mtu: pulumi.Output<number>;
  /** The network card of a VXLAN, where one was asked for. */
  declare readonly interface: pulumi.Output<string | undefined>;
  /** The addresses that may send to the port. */
  declare readonly sources: pulumi.Output<readonly string[]>;
  /** The name of the device: "dr-wg" or "dr-vx". */
  declare readonly device: pulumi.Output<string>;
  /** WireGuard: the public key, which the other hosts' PeerRoutes take. */
  declare readonly publicKey: pulumi.Output<string | undefined>;

  constructor(name: string, args: HostLinkArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = { mtu: args.mtu, device: undefined, publicKey: undefined };
    super("HostLink", name, { ...args, ...outputs } as HostLinkArgs, opts);
  }
}
