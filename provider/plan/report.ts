import { checkMesh } from "./check.js";
import { countOf, parseInterface, parseRange } from "./cidr.js";
import { sizes } from "./sizes.js";
import type { HostPlan, MeshConfig, PartsConfig, Plan } from "./types.js";

/** A host that is in both plans and has another part in the next one. */
export interface Move {
  readonly host: string;
  /** "172.30.1.0/24" */
  readonly from: string;
  readonly to: string;
}

/** Every host that the next plan moves, in the order of their names. A host that comes or goes is no move. */
export function moves(previous: Plan, next: Plan): Move[] {
  const before = new Map(Object.entries(previous));
  return Object.entries(next)
    .flatMap(([host, { subnet: to }]) => {
      const from = before.get(host)?.subnet ?? to;
      return from === to ? [] : [{ host, from, to }];
    })
    .sort((a, b) => (a.host < b.host ? -1 : 1));
}

/** How many hosts the pool holds, and for how many more there is room. */
export interface Room {
  readonly parts: number;
  readonly used: number;
  readonly left: number;
}

/** The room of a config that `planMesh` accepts; of another, none. */
export function room(config: MeshConfig, plan: Plan): Room {
  const mesh = checkMesh(config);
  const parts = "pool" in mesh ? countOf(mesh.pool, mesh.sizes.host) : 0;
  const used = Object.keys(plan).length;
  return { parts, used, left: Math.max(0, parts - used) };
}

/** What `DockerBridge` is told of user-defined networks. */
export interface Networks {
  /** Ranges that Docker takes networks from. */
  readonly pools: readonly string[];
  /** The size of each network, a prefix length. */
  readonly networkPrefix: number;
}

/**
 * Where a host's user-defined networks get their addresses: the whole part, as one pool, where it is larger
 * than the bridge's block. Docker itself steps over docker0's block in it. Where docker0 has the whole part
 * there is nothing to give, and Docker's own pools stay.
 *
 * @example
 * pools({ hostPrefix: 20, ... }, { subnet: "172.30.16.0/20", bridgeAddress: "172.30.16.1/24", ... })
 * // { pools: ["172.30.16.0/20"], networkPrefix: 24 }
 */
export function pools(config: PartsConfig, host: Omit<HostPlan, "address">): Networks | undefined {
  const part = parseRange(host.subnet);
  const bridge = parseInterface(host.bridgeAddress);
  if (!("value" in part) || !("value" in bridge)) return undefined;
  if (part.value.prefix >= bridge.value.range.prefix) return undefined;
  return { pools: [host.subnet], networkPrefix: sizes(config).network };
}
