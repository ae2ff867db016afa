/**
 * The inputs of each host's resources, by a plan. The program declares them from values that may not be known yet, the
 * commands of `npx dockroute` from those that are: both get here the sources that are let in.
 */
import { type HostPlan, type MeshConfig, type Plan, pools } from "../../plan/index.js";
import type { DockerBridgeInputs } from "../bridge/index.js";
import type { ForwardRuleInputs } from "../forward/index.js";
import type { HostLinkInputs } from "../link/index.js";
import type { MasqueradeRuleInputs } from "../masquerade/index.js";
import type { PeerRouteInputs } from "../route/index.js";

/** Towards whom a host's containers keep their own addresses: the peers' subnets. */
export function excludeOf(peers: readonly Pick<HostPlan, "subnet">[]): readonly string[] {
  return peers.map(({ subnet }) => subnet).sort();
}

/** The sources that may enter a host's subnet. A peer's own processes call from its address, outside its subnet. */
export function sourcesOf(peers: readonly Pick<HostPlan, "subnet" | "address">[]): readonly string[] {
  return [...excludeOf(peers), ...peers.map(({ address }) => `${address}/32`).sort()];
}

/** A host as its resources name it. */
export interface Named {
  readonly name: string;
  readonly endpoint: string;
  readonly interface?: string | undefined;
}

/** All that is declared of one host. A single host has its bridge alone. */
export interface Declared {
  readonly host: string;
  readonly bridge: DockerBridgeInputs;
  readonly masquerade?: MasqueradeRuleInputs;
  readonly forward?: ForwardRuleInputs;
  /** Only of a host that has peers in other sites. */
  readonly link?: HostLinkInputs;
  readonly routes: readonly PeerRouteInputs[];
}

/** The resources declared for one host of the plan. undefined where the plan does not have it. */
export function declaredOf(
  mesh: Omit<MeshConfig, "hosts">,
  plan: Plan,
  { name: host, endpoint, interface: nic }: Named,
): Declared | undefined {
  const own = Object.hasOwn(plan, host) ? plan[host] : undefined;
  if (own === undefined) return undefined;
  const peers = Object.entries(plan).filter(([name]) => name !== host);
  const plans = peers.map(([, peer]) => peer);
  const where = { host, endpoint, ...(nic === undefined ? {} : { interfaces: [nic] }) };
  const networks = pools({ ...mesh, hosts: [] }, own);
  const rules = {
    masquerade: { ...where, source: own.subnet, exclude: excludeOf(plans) },
    forward: { ...where, destination: own.subnet, sources: sourcesOf(plans) },
  };
  return {
    host,
    bridge: { host, endpoint, bip: own.bridgeAddress, ...networks },
    ...(peers.length > 0 ? rules : {}),
    routes: peers.map(([peer, { subnet: destination, address: gateway }]) => ({
      ...{ host, endpoint, peer, destination, gateway },
      ...(nic === undefined ? {} : { interface: nic }),
    })),
  };
}
