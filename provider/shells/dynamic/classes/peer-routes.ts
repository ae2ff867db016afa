import type * as pulumi from "@pulumi/pulumi";
import type { WayToPeer } from "../../../resources/routes/index.js";
import type { LinkToPeerArgs } from "./peer-route.js";
import { HostResource, type OnHostArgs } from "./resource.js";

/** The way to one peer. */
export interface WayToPeerArgs {
  /** The range that is reached, the peer's subnet; no two peers have the same. @example "172.30.2.0/24" */
  readonly destination: pulumi.Input<string>;
  /** The next hop: the peer's own address, which must be on a network card's network. It, or else `link`. @example "192.168.145.129" */
  readonly gateway?: pulumi.Input<string | undefined>;
  /** The link to the next hop. @default the link whose network holds the gateway @example "eth0" */
  readonly interface?: pulumi.Input<string | undefined>;
  /** The network between the hosts routes by itself, by the next hop that the host's kernel has for `gateway`. @default false */
  readonly routed?: pulumi.Input<boolean | undefined>;
  /** The link by which a peer of another site is reached, in place of `gateway` and `interface`. */
  readonly link?: pulumi.Input<LinkToPeerArgs | undefined>;
}

/** The inputs of a PeerRoutes. */
export interface PeerRoutesArgs extends OnHostArgs {
  /** The way to each peer, by the peer's name; at least one. @example { beta: { destination: "172.30.2.0/24", gateway: "192.168.145.129" } } */
  readonly routes: pulumi.Input<Readonly<Record<string, pulumi.Input<WayToPeerArgs>>>>;
}

/**
 * All routes of a host to its peers, as one resource in place of a PeerRoute for each. It is for large meshes: a hundred
 * hosts have a hundred of them in place of 9,900 PeerRoute.
 *
 * On the host: for each peer a kernel route in the main table with the protocol number 219, and a script under
 * /etc/dockroute/scripts that puts it back at boot and after each start of Docker. Both are those of a PeerRoute, so a
 * program can go from one to the other in one `up`, in which no route leaves the kernel.
 *
 * Another host replaces it. Peers, their ranges and their gateways are changed in place, each by itself: a peer that is
 * refused or fails keeps no other from its route, and the error names it.
 *
 * It depends on its own host's DockerBridge alone. A dependency on the bridges of all peers would let one peer that is
 * down keep the routes to all others from being made.
 *
 * Errors: Refused (every peer is refused), PartlyRefused (a peer's gateway is on no link of the host; its destination
 * covers what the host is reached by, or is routed already by someone else; the other routes are made), CommandFailed,
 * SeveralFailed, NotConverged, Unreachable.
 *
 * @example
 * ```ts
 * new PeerRoutes("alpha-routes", {
 *   host: "alpha",
 *   endpoint: "root@192.168.145.128:22",
 *   routes: {
 *     beta: { destination: "172.30.2.0/24", gateway: "192.168.145.129" },
 *     gamma: { destination: "172.30.3.0/24", gateway: "192.168.145.130" },
 *   },
 * });
 * ```
 */
export class PeerRoutes extends HostResource {
  /** The way to each peer, by the peer's name. */
  declare readonly routes: pulumi.Output<Readonly<Record<string, WayToPeer>>>;

  constructor(name: string, args: PeerRoutesArgs, opts?: pulumi.CustomResourceOptions) {
    super("PeerRoutes", name, args, opts);
  }
}
