import * as pulumi from "@pulumi/pulumi";
import type { HostSubnet, Networks } from "../../../plan/index.js";
import { excludeOf, sourcesOf } from "../../../resources/host/declared.js";
import { DockerBridge } from "./docker-bridge.js";
import { ForwardRule } from "./forward-rule.js";
import { MasqueradeRule } from "./masquerade-rule.js";
import { PeerRoute } from "./peer-route.js";
import { PeerRoutes } from "./peer-routes.js";
import type { OnHostArgs } from "./resource.js";

/** A host with the inputs of its resources. A value that a preview does not know yet is an unknown Output. */
export interface MeshMember {
  readonly name: string;
  readonly where: Pick<OnHostArgs, "endpoint" | "connection">;
  readonly interface?: pulumi.Input<string | undefined> | undefined;
  readonly address: pulumi.Output<string>;
  readonly own: pulumi.Output<HostSubnet>;
  readonly networks: pulumi.Output<Networks | undefined>;
}

/** One PeerRoute for each peer of each host, or one PeerRoutes a host. */
export type RoutesMode = "pair" | "host";

interface WithBridge extends MeshMember {
  readonly bridge: DockerBridge;
}

/**
 * The resources of a mesh: on each host its bridge, then its rules, then its routes to every peer.
 *
 * A single host gets its bridge alone. Its rules concern only peers, so they come with the second host.
 */
export function declareMesh(
  hosts: readonly MeshMember[],
  mode: RoutesMode = "pair",
  options: pulumi.CustomResourceOptions = {},
): readonly pulumi.Resource[] {
  const members = hosts.map(
    (host): WithBridge => ({
      ...host,
      bridge: new DockerBridge(
        `${host.name}-bridge`,
        {
          ...{ host: host.name, ...host.where, bip: host.own.bridgeAddress },
          pools: host.networks.apply((networks) => networks?.pools),
          networkPrefix: host.networks.apply((networks) => networks?.networkPrefix),
        },
        options,
      ),
    }),
  );
  return members.flatMap((member) => {
    const peers = members.filter((peer) => peer !== member);
    if (peers.length === 0) return [member.bridge];
    const rules = declareRules(member, peers, options);
    const routes =
      mode === "host"
        ? [declareRoutes(member, peers, options)]
        : peers.map((peer) => declareRoute(member, peer, options));
    return [member.bridge, ...rules, ...routes];
  });
}

function declareRules(
  { name, where, own, bridge, interface: nic }: WithBridge,
  peers: readonly WithBridge[],
  options: pulumi.CustomResourceOptions,
): readonly pulumi.Resource[] {
  const interfaces = pulumi.output(nic).apply((given) => (given === undefined ? undefined : [given]));
  const on = { host: name, ...where, interfaces };
  // A rule would have no effect before docker0 has the range.
  const afterBridge = { ...options, dependsOn: [bridge] };
  const exclude = pulumi.all(peers.map((peer) => peer.own)).apply(excludeOf);
  const sources = pulumi
    .all(peers.map((peer) => pulumi.all([peer.own, peer.address])))
    .apply((known) => sourcesOf(known.map(([{ subnet }, address]) => ({ subnet, address }))));
  return [
    new MasqueradeRule(`${name}-masquerade`, { ...on, source: own.subnet, exclude }, afterBridge),
    new ForwardRule(`${name}-forward`, { ...on, destination: own.subnet, sources }, afterBridge),
  ];
}

/** Both ends' bridges come first: before they have moved, another network may still have the range. */
function declareRoute(
  from: WithBridge,
  to: WithBridge,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const args = { host: from.name, ...from.where, peer: to.name, interface: pulumi.output(from.interface) };
  return new PeerRoute(
    `${from.name}-to-${to.name}`,
    { ...args, destination: to.own.subnet, gateway: to.address },
    { ...options, dependsOn: [from.bridge, to.bridge] },
  );
}

/** After its own host's bridge alone: a peer that is down would else keep the routes to all others from being made. */
function declareRoutes(
  from: WithBridge,
  peers: readonly WithBridge[],
  options: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const ways = peers.map((peer) => [
    peer.name,
    { destination: peer.own.subnet, gateway: peer.address, interface: pulumi.output(from.interface) },
  ]);
  return new PeerRoutes(
    `${from.name}-routes`,
    { host: from.name, ...from.where, routes: Object.fromEntries(ways) },
    { ...options, dependsOn: [from.bridge] },
  );
}
