import type * as pulumi from "@pulumi/pulumi";
import type { LanNetworkInputs } from "../../../resources/lan/index.js";
import { HostResource, type OnHostArgs } from "./resource.js";

type Given = Pick<LanNetworkInputs, "name" | "driver" | "subnet">;
type Optional = Omit<LanNetworkInputs, keyof Given | "host" | "endpoint" | "reserved">;

/** The inputs of a LanNetwork. */
export interface LanNetworkArgs extends OnHostArgs {
  /** The Docker network's name, by Docker's own rule for names. Another name replaces the resource. @example "lan" */
  readonly name: pulumi.Input<Given["name"]>;
  /** `macvlan`, `ipvlan` (its mode l2), `ipvlan-l3` or `bridge`, which needs a bridge that the host has. @example "macvlan" */
  readonly driver: pulumi.Input<Given["driver"]>;
  /** The network of the LAN; with `ipvlan-l3` a range of the containers' own. @example "192.168.1.0/24" */
  readonly subnet: pulumi.Input<Given["subnet"]>;
  /** The LAN's router. Needed but for `ipvlan-l3`, which refuses it. @example "192.168.1.1" */
  readonly gateway?: pulumi.Input<Optional["gateway"]>;
  /** The addresses that this host's containers may have. No other host's Docker may have them too: `lanPlan` shares them out. @default the whole subnet @example "192.168.1.144/28" */
  readonly range?: pulumi.Input<Optional["range"] | undefined>;
  /** Single addresses of `range` that other machines have. @default [] @example ["192.168.1.150"] */
  readonly reserved?: pulumi.Input<readonly pulumi.Input<string>[] | undefined>;
  /** The host's own address, which decides the default of `parent`. @default none @example "192.168.1.11" */
  readonly address?: pulumi.Input<Optional["address"]>;
  /** The card, with `bridge` the bridge, whose LAN it is. @default the link that holds `address`, else the one whose network holds the gateway @example "eth0" */
  readonly parent?: pulumi.Input<Optional["parent"]>;
  /** A VLAN of the parent, 1 to 4094, whose link is made too. @default none @example 50 */
  readonly vlan?: pulumi.Input<Optional["vlan"]>;
  /** The host and its own containers reach each other. @default true; false with `ipvlan-l3`, which has no way for it */
  readonly hostAccess?: pulumi.Input<Optional["hostAccess"] | undefined>;
  /** Docker cannot change a network: allows a change to take the containers off it and put them on the new one. @default false */
  readonly moveContainers?: pulumi.Input<Optional["moveContainers"] | undefined>;
}

/**
 * Docker on this host has a network whose containers are on the LAN of one of the host's cards, with addresses of that
 * LAN, past the host's NAT and firewall.
 *
 * On the host: a network of Docker's with the label `dockroute`, made by `docker network create`; with a VLAN the link of
 * that VLAN; with `hostAccess` and macvlan or ipvlan the link `dr-XXXXXXXX` of the host's own beside its containers, with
 * arp_filter and arp_announce, and a route by it with the protocol number 219; and a script under /etc/dockroute/scripts that makes the
 * links again at boot and when they are lost.
 *
 * Docker cannot change a network. Another host or name replaces the resource, the old one first. A change of anything
 * else makes Docker's network anew in one step on the host; where containers hang on it, stopped ones too, that is
 * refused unless `moveContainers` is true: then they are taken off and put on again, with their static addresses and
 * aliases. A delete is refused while containers hang on it.
 *
 * Errors: Refused (the parent is absent, down, a bridge's port, or has another network; the subnet overlaps another
 * network of Docker's; the range holds an address of the host or of a machine that answers ARP; a network of this name
 * is somebody else's; containers hang on a network that would change or go), CommandFailed, NotConverged, Unreachable.
 *
 * @example
 * ```ts
 * new LanNetwork("alpha-lan-lan", {
 *   host: "alpha",
 *   endpoint: "root@192.168.1.11:22",
 *   name: "lan",
 *   driver: "macvlan",
 *   subnet: "192.168.1.0/24",
 *   gateway: "192.168.1.1",
 *   range: "192.168.1.144/28",
 *   address: "192.168.1.11",
 * });
 * ```
 */
export class LanNetwork extends HostResource {
  /** The Docker network's name. */
  declare readonly name: pulumi.Output<string>;
  /** The addresses that this host's containers may have. */
  declare readonly range: pulumi.Output<string>;
  /** The link below it; with a VLAN the link that carries all VLANs. */
  declare readonly parent: pulumi.Output<string>;
  /** Docker's id of the network. */
  declare readonly networkId: pulumi.Output<string>;
  /** The address by which the host and its own containers reach each other. undefined if they do not. */
  declare readonly hostAddress: pulumi.Output<string | undefined>;

  constructor(name: string, args: LanNetworkArgs, opts?: pulumi.CustomResourceOptions) {
    const { range, parent } = args;
    const props = { ...args, range, parent, networkId: undefined, hostAddress: undefined };
    // Docker takes a subnet once on a host, so a network of another name comes after the old one went.
    super("LanNetwork", name, props, { deleteBeforeReplace: true, ...opts });
  }
}
