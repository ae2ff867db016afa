import type * as pulumi from "@pulumi/pulumi";
import { DockerBridge, ForwardRule, MasqueradeRule, PeerRoute } from "../provider/index.js";
import { type HostPlan, type MeshConfig, type Plan, pools } from "../provider/plan/index.js";
import type { StackConfig, StackHost } from "./config.js";

/** A host with all that its resources are made of. */
interface Member extends StackHost {
  readonly plan: HostPlan;
  readonly bridge: DockerBridge;
}

/**
 * The resources of a mesh: on each host its bridge, then its rules, then a route to every peer.
 *
 * A single host gets its bridge alone: without peers there is nobody to be let in or to keep an address
 * towards, and the rules come with the second host.
 */
export function declareMesh({ mesh, plan, hosts }: Pick<StackConfig, "mesh" | "plan" | "hosts">): void {
  const members = hosts.flatMap((host): Member[] => {
    const own = hostPlan(plan, host.name);
    return own ? [{ ...host, plan: own, bridge: bridgeOf(host, own, mesh) }] : [];
  });
  for (const member of members) {
    const peers = members.filter((peer) => peer !== member);
    if (peers.length > 0) declareRules(member, peers);
    for (const peer of peers) declareRoute(member, peer);
  }
}

function hostPlan(plan: Plan, name: string): HostPlan | undefined {
  return Object.hasOwn(plan, name) ? plan[name] : undefined;
}

function bridgeOf({ name, endpoint }: StackHost, own: HostPlan, mesh: MeshConfig): DockerBridge {
  const bip = own.bridgeAddress;
  return new DockerBridge(`${name}-bridge`, { host: name, endpoint, bip, ...pools(mesh, own) });
}

function declareRules({ name, endpoint, plan, bridge, ...host }: Member, peers: readonly Member[]): void {
  const where = { host: name, endpoint, ...(host.interface && { interfaces: [host.interface] }) };
  // A rule for a range that docker0 does not have yet would do nothing, and its host is reached anyway.
  const afterBridge = { dependsOn: [bridge] };
  const parts = peers.map((peer) => peer.plan.subnet).sort();
  // A peer's own processes call a container from their host's address, not from its part.
  const addresses = peers.map((peer) => `${peer.plan.address}/32`).sort();
  new MasqueradeRule(`${name}-masquerade`, { ...where, source: plan.subnet, exclude: parts }, afterBridge);
  const sources = [...parts, ...addresses];
  new ForwardRule(`${name}-forward`, { ...where, destination: plan.subnet, sources }, afterBridge);
}

/** Both ends' bridges come first: until they have moved, the range may still be another network's. */
function declareRoute(from: Member, to: Member): void {
  const { address: gateway, subnet: destination } = to.plan;
  const args = { host: from.name, endpoint: from.endpoint, peer: to.name, destination, gateway };
  const options: pulumi.CustomResourceOptions = { dependsOn: [from.bridge, to.bridge] };
  const via = from.interface && { interface: from.interface };
  new PeerRoute(`${from.name}-to-${to.name}`, { ...args, ...via }, options);
}
