/** The hosts of a plan, each with what is declared of it and a way to reach it. */
import type { Host } from "../host/host.js";
import { parseInterface, parseRange } from "../plan/cidr.js";
import type { HostPlan, MeshConfig, Plan } from "../plan/index.js";
import { type Declared, declaredOf } from "../resources/host/declared.js";

export interface Member {
  readonly name: string;
  readonly plan: HostPlan;
  readonly declared: Declared;
  readonly host: Host;
}

/** The mesh as a stack left it: each host with what is declared of it, and a way to reach it. */
export interface Site {
  readonly plan: Plan;
  readonly members: readonly Member[];
  close(): Promise<void>;
}

/** Where a host is, and over which card its packets go. */
export interface Where {
  readonly endpoint: string;
  readonly interface?: string | undefined;
}

export function membersOf(
  plan: Plan,
  networkPrefix: number | undefined,
  whereIs: (host: string, own: HostPlan) => Where,
  reach: (host: string, endpoint: string) => Host,
): readonly Member[] {
  const size = networkPrefix === undefined ? {} : { networkPrefix };
  return Object.entries(plan).flatMap(([name, own]): Member[] => {
    const all = declaredOf({ ...sizesOf(own), ...size }, plan, (host, its) => ({
      name: host,
      ...whereIs(host, its),
    }));
    const declared = all.find(({ host }) => host === name);
    if (declared === undefined) return [];
    return [{ name, plan: own, declared, host: reach(name, declared.bridge.endpoint) }];
  });
}

/** The plan shows its own sizes, also where a program has made it that keeps no config. */
function sizesOf({ subnet, bridgeAddress }: HostPlan): Omit<MeshConfig, "hosts"> {
  const own = parseRange(subnet);
  const bridge = parseInterface(bridgeAddress);
  if (!("value" in own && "value" in bridge)) return { pool: subnet };
  return { pool: subnet, hostPrefix: own.value.prefix, bridgePrefix: bridge.value.range.prefix };
}
