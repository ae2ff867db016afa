/** What the planner needs to know of a mesh: the plan's part of the stack's config. Plain data. */
export interface MeshConfig {
  /** The plan's range, "172.30.0.0/16". */
  readonly pool: string;
  /** The size of a host's part, a prefix length. @default 24 */
  readonly hostPrefix?: number;
  /** docker0 takes the part's first block of this size. @default 24 where the part is larger than a /24, else the whole part */
  readonly bridgePrefix?: number;
  /** The size of each network that Docker makes out of the rest of the part. @default 24, or bridgePrefix where no /24 fits beside docker0's block */
  readonly networkPrefix?: number;
  readonly hosts: readonly MeshHost[];
}

export interface MeshHost {
  /** `[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?` */
  readonly name: string;
  /** What peers route to, "192.168.145.128". */
  readonly address: string;
  /** A pin of its part, "172.30.1.0/24"; otherwise the planner chooses and never moves it again. */
  readonly subnet?: string;
}

/** A mesh whose hosts' own addresses may not be known yet: who gets which part does not hang on them. */
export type PartsConfig = Omit<MeshConfig, "hosts"> & {
  readonly hosts: readonly (Omit<MeshHost, "address"> & Partial<Pick<MeshHost, "address">>)[];
};

/** By host name, who has what. */
export type Plan = Readonly<Record<string, HostPlan>>;

export interface HostPlan {
  readonly address: string;
  readonly subnet: string;
  /** The first address of the bridge's block, in the form of a bip: "172.30.1.1/24". */
  readonly bridgeAddress: string;
}
