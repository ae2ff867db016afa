/** The hosts of a plan, each with its declared resources and a way to reach it. */
import type { Host } from "../host/host.js";
import { parseInterface, parseRange } from "../plan/cidr.js";
import type { HostPlan, MeshConfig, Plan } from "../plan/index.js";
import { type Declared, declaredOf } from "../resources/host/declared.js";

/** The resources of a linked host as the state has them, which stand before those that follow from the plan. */
export type FromState = Pick<Declared, "routes"> & Partial<Pick<Declared, "masquerade" | "forward" | "link">>;

export interface Member {
  readonly name: string;
  readonly plan: HostPlan;
  readonly declared: Declared;
  readonly host: Host;
}

/** A stack's mesh. */
export interface Site {
  readonly plan: Plan;
  readonly members: readonly Member[];
  close(): Promise<void>;
}

/** The endpoint of a host, and the network interface that its packets use. */
export interface Location {
  readonly endpoint: string;
  readonly interface?: string | undefined;
}

export function membersOf(
  plan: Plan,
  networkPrefix: number | undefined,
  whereIs: (host: string, own: HostPlan) => Location,
  reach: (host: string, endpoint: string) => Host,
  linked: ReadonlyMap<string, FromState> = new Map(),
): readonly Member[] {
  const size = networkPrefix === undefined ? {} : { networkPrefix };
  return Object.entries(plan).flatMap(([name, own]): Member[] => {
    const byPlan = declaredOf({ ...sizesOf(own), ...size }, plan, { name, ...whereIs(name, own) });
    if (byPlan === undefined) return [];
    const declared = { ...byPlan, ...linked.get(name) };
    return [{ name, plan: own, declared, host: reach(name, declared.bridge.endpoint) }];
  });
}

/** Reads the sizes from the plan itself: a program may keep no config. */
function sizesOf({ subnet, bridgeAddress }: HostPlan): Omit<MeshConfig, "hosts"> {
  const range = parseRange(subnet);
  const bridge = parseInterface(bridgeAddress);
  if (!("value" in range && "value" in bridge)) return { pool: subnet };
  return { pool: subnet, hostPrefix: range.value.prefix, bridgePrefix: bridge.value.range.prefix };
}
