/** The planner's input: the keys of the stack's config that decide about addresses. Plain data. */
export interface MeshConfig {
  /** The range that all hosts' subnets are taken from, "172.30.0.0/16". */
  readonly pool: string;
  /** The size of a host's subnet, a prefix length. @default 24 */
  readonly hostPrefix?: number;
  /** docker0 takes the first block of this size in its host's subnet. @default 24 where the subnet is larger than a /24, else the whole subnet */
  readonly bridgePrefix?: number;
  /** The size of each network that Docker makes in the rest of the subnet. @default 24, or bridgePrefix where no /24 fits beside docker0's block */
  readonly networkPrefix?: number;
  /** The way between hosts of different sites. @default "refuse" */
  readonly between?: Between;
  /** Settings of the links of `between: wireguard` and `between: vxlan`. */
  readonly link?: LinkSettings;
  readonly hosts: readonly MeshHost[];
}

/**
 * The way between hosts of different sites: a WireGuard link for each pair, a VXLAN link for each pair, the network
 * between them where it routes the hosts' subnets by itself, or none.
 */
export type Between = "wireguard" | "vxlan" | "routed" | "refuse";

export interface LinkSettings {
  /** The UDP port of every host's end. @default 51820 for WireGuard, 4789 for VXLAN */
  readonly port?: number;
  /** The largest packet that a link takes, in bytes. @default the card's less 80 for WireGuard, less 50 for VXLAN */
  readonly mtu?: number;
  /** Seconds between the packets that keep the NAT before a host open. @default 25 */
  readonly keepalive?: number;
}

export interface MeshHost {
  /** `[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?` */
  readonly name: string;
  /** The address that peers route to, "192.168.145.128". */
  readonly address: string;
  /** A pin of the host's subnet, "172.30.1.0/24"; otherwise the planner chooses it and never moves it again. */
  readonly subnet?: string;
  /**
   * The layer-2 network that the host is on; hosts of one site reach each other by direct routes. It is never guessed:
   * either every host has one or none has. @default all hosts are on one network @example "fra"
   */
  readonly site?: string;
  /**
   * The address that hosts of other sites send to, with the port where a router forwards another one; "none" for a host
   * behind NAT, which calls and is not called. @default `address` @example "203.0.113.9" @example "203.0.113.9:51821"
   */
  readonly publicAddress?: string;
}

/** A mesh of which some hosts' addresses are not known yet, as those of machines that a preview has not made. */
export type PartialMesh = Omit<MeshConfig, "hosts"> & {
  readonly hosts: readonly PartialHost[];
};

export type PartialHost = Omit<MeshHost, "address"> & Partial<Pick<MeshHost, "address">>;

/** The addresses of each host, by its name. */
export type Plan = Readonly<Record<string, HostPlan>>;

/** The addresses of one host. */
export interface HostPlan {
  /** The address that peers route to. @example "192.168.145.128" */
  readonly address: string;
  /** The range of its containers. @example "172.30.1.0/24" */
  readonly subnet: string;
  /** The first address of the bridge's block, in the form of a bip: "172.30.1.1/24". */
  readonly bridgeAddress: string;
}

/** The planner's decisions on a host. */
export type HostSubnet = Omit<HostPlan, "address">;
