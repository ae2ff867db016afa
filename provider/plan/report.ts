import { checkMesh } from "./check.js";
import { countOf, parseAddress, parseInterface, parseRange, sameAddress } from "./cidr.js";
import { sizes } from "./sizes.js";
import type { HostSubnet, MeshConfig, PartialMesh, Plan } from "./types.js";

/** A host that is in both plans and has another subnet in the next one. */
export interface Move {
  readonly host: string;
  /** "172.30.1.0/24" */
  readonly from: string;
  readonly to: string;
}

/** Every host that the next plan moves, in the order of their names. A host that joins or leaves is no move. */
export function moves(previous: Plan, next: Plan): Move[] {
  const before = new Map(Object.entries(previous));
  return Object.entries(next)
    .flatMap(([host, { subnet: to }]) => {
      const from = before.get(host)?.subnet ?? to;
      return from === to ? [] : [{ host, from, to }];
    })
    .sort((a, b) => (a.host < b.host ? -1 : 1));
}

/** A machine that has another name in the next plan, at the same address. */
export interface Rename {
  readonly from: string;
  readonly to: string;
}

/** Every renamed host, in the order of the new names. */
export function renames(previous: Plan, next: Plan): Rename[] {
  const left = Object.entries(previous).filter(([name]) => !Object.hasOwn(next, name));
  return Object.entries(next)
    .filter(([name]) => !Object.hasOwn(previous, name))
    .flatMap(([to, { address }]) => {
      const was = left.find(([, host]) => isSame(host.address, address));
      return was === undefined ? [] : [{ from: was[0], to }];
    })
    .sort((a, b) => (a.to < b.to ? -1 : 1));
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [parseAddress(a), parseAddress(b)];
  return "value" in one && "value" in other && sameAddress(one.value, other.value);
}

/** The numbers of subnets in the pool: all, used and left. */
export interface Room {
  readonly subnets: number;
  readonly used: number;
  readonly left: number;
}

/** The room in a config's pool; zeros where `planMesh` would refuse the config. */
export function room(config: MeshConfig, plan: Plan): Room {
  const mesh = checkMesh(config);
  const subnets = "pool" in mesh ? Number(countOf(mesh.pool, mesh.sizes.host)) : 0;
  const used = Object.keys(plan).length;
  return { subnets, used, left: Math.max(0, subnets - used) };
}

/** The inputs of a `DockerBridge` that decide about user-defined networks. */
export interface Networks {
  /** Ranges that Docker takes networks from. */
  readonly pools: readonly string[];
  /** The size of each network, a prefix length. */
  readonly networkPrefix: number;
}

/**
 * The addresses of a host's user-defined networks: the host's whole subnet, as one pool, where it is larger
 * than the bridge's block. Docker itself steps over docker0's block in it. Where docker0 has the whole subnet,
 * no addresses are left, and Docker keeps its own pools.
 *
 * @example
 * pools({ hostPrefix: 20, ... }, { subnet: "172.30.16.0/20", bridgeAddress: "172.30.16.1/24", ... })
 * // { pools: ["172.30.16.0/20"], networkPrefix: 24 }
 */
export function pools(config: PartialMesh, host: HostSubnet): Networks | undefined {
  const subnet = parseRange(host.subnet);
  const bridge = parseInterface(host.bridgeAddress);
  if (!("value" in subnet) || !("value" in bridge)) return undefined;
  if (subnet.value.prefix >= bridge.value.range.prefix) return undefined;
  return { pools: [host.subnet], networkPrefix: sizes(config).network };
}
