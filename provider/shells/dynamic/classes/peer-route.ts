import type * as pulumi from "@pulumi/pulumi";
import type { LinkToPeer, PeerRouteInputs } from "../../../resources/route/index.js";
import { type Args, HostResource } from "./resource.js";

export type { LinkToPeer } from "../../../resources/route/index.js";

/** The link to a peer; its key is an Output of the peer's HostLink. */
export type LinkToPeerArgs = { readonly [Name in keyof LinkToPeer]: pulumi.Input<LinkToPeer[Name]> };

/** The inputs of a PeerRoute, each documented at its name. */
export interface PeerRouteArgs extends Omit<Args<PeerRouteInputs>, "link"> {
  /** The link by which a peer of another site is reached, in place of `gateway` and `interface`. */
  readonly link?: pulumi.Input<LinkToPeerArgs | undefined>;
}

/**
 * On a host, the range `destination` is reached through a peer's address, the `gateway`, or by a `link` to a peer of
 * another site.
 *
 * On the host: a kernel route in the main table with the protocol number 219, and a script under
 * /etc/dockroute/scripts that puts it back at boot and after each start of Docker.
 *
 * A route by a link has its peer on the device of the host's HostLink, and behind it a route with the metric 4278198272
 * that refuses the range: without it, packets would leave unencrypted by the default route when the device is gone. Where
 * WireGuard has learnt a peer's endpoint, that is kept.
 *
 * Another host, peer or destination replaces it; gateway, interface and link are changed in place.
 *
 * Errors: Refused (the gateway is on no link of the host; the destination covers what the host is reached by,
 * or is routed already by someone else), CommandFailed, NotConverged, Unreachable.
 *
 * @example
 * ```ts
 * new PeerRoute("alpha-to-beta", {
 *   host: "alpha",
 *   endpoint: "root@192.168.145.128:22",
 *   peer: "beta",
 *   destination: "172.30.2.0/24",
 *   gateway: "192.168.145.129",
 * });
 * ```
 */
export class PeerRoute extends HostResource {
  /** The peer's name. */
  declare readonly peer: pulumi.Output<string>;
  /** The range that is reached. */
  declare readonly destination: pulumi.Output<string>;
  /** The next hop, of a route without a link. */
  declare readonly gateway: pulumi.Output<string | undefined>;
  /** The link to the next hop, where one was asked for. */
  declare readonly interface: pulumi.Output<string | undefined>;
  /** The link, of a route without a gateway. */
  declare readonly link: pulumi.Output<LinkToPeer | undefined>;

  /** True if the network between the hosts routes by itself. */
  declare readonly routed: pulumi.Output<boolean | undefined>;

  constructor(name: string, args: PeerRouteArgs, opts?: pulumi.CustomResourceOptions) {
    super("PeerRoute", name, args, opts);
  }
}
