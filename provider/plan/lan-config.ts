/** The planner's input for containers on the hosts' own networks, and its output. Plain data. */

/**
 * The way in which Docker puts containers on a network of the host: `macvlan` and `ipvlan` on a card, `ipvlan-l3` behind
 * a card, `bridge` on a bridge of the host that has a card as its port.
 */
export type LanDriver = "macvlan" | "ipvlan" | "ipvlan-l3" | "bridge";

export const lanDrivers = [
  "macvlan",
  "ipvlan",
  "ipvlan-l3",
  "bridge",
] as const satisfies readonly LanDriver[];

/** Docker's own rule for the names of networks, without the names that Docker has taken. */
export const lanNamePattern = /^(?!(?:bridge|host|none|default)$)[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/** The keys of a stack's config that decide about containers on LANs. */
export interface LansConfig {
  readonly lans: readonly LanConfig[];
  readonly hosts: readonly LanHost[];
  /** The pool of the mesh, which no LAN may overlap. @example "172.30.0.0/16" */
  readonly pool?: string;
}

/** One network that containers of several hosts are on. */
export interface LanConfig {
  /** The Docker network's name on every host. @example "lan" */
  readonly name: string;
  readonly driver: LanDriver;
  /** The network of the LAN. With `ipvlan-l3` a range of the containers' own, which no host is in. @example "192.168.1.0/24" */
  readonly subnet: string;
  /** The LAN's router. Needed but for `ipvlan-l3`, which has none. @example "192.168.1.1" */
  readonly gateway?: string | undefined;
  /** The addresses that containers may have; the rest of the subnet is never given out. Needed but for `ipvlan-l3`, whose default is the whole subnet. @example "192.168.1.128/25" */
  readonly range?: string | undefined;
  /** The size of each host's piece of the range, a prefix length. @example 28 */
  readonly hostPrefix: number;
  /** Single addresses in the range that other machines have. @default [] @example ["192.168.1.130"] */
  readonly exclude?: readonly string[] | undefined;
  /** A VLAN of the parent, 1 to 4094. @default none @example 50 */
  readonly vlan?: number | undefined;
  /** The hosts' card, with `bridge` their bridge. @default the link that holds the host's address @example "eth0" */
  readonly parent?: string | undefined;
  /** The host and its own containers reach each other. @default true */
  readonly hostAccess?: boolean | undefined;
  /** The names of the hosts that have it. @default all @example ["alpha", "beta"] */
  readonly hosts?: readonly string[] | undefined;
}

export interface LanHost {
  readonly name: string;
  /** The host's own address, which no container gets. @example "192.168.1.11" */
  readonly address: string;
  /** The host's own settings in a LAN, by the LAN's name. @example { lan: { range: "192.168.1.144/28" } } */
  readonly lans?: Readonly<Record<string, LanOfHost>>;
}

export interface LanOfHost {
  /** A pin of the host's piece. @default the planner chooses it and never moves it again @example "192.168.1.144/28" */
  readonly range?: string | undefined;
  /** The host's own parent. @default the LAN's @example "eth1" */
  readonly parent?: string | undefined;
}

/** By the LAN's name and the host's name what the host has of it. */
export type LanPlan = Readonly<Record<string, Readonly<Record<string, LanPiece>>>>;

export interface LanPiece {
  /** The host's own address. */
  readonly address: string;
  /** The addresses that this host's containers may have. @example "192.168.1.144/28" */
  readonly range: string;
  /** Addresses in `range` that no container gets: other machines have them. @example ["192.168.1.150"] */
  readonly reserved: readonly string[];
}
