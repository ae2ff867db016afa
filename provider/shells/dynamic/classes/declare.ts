import * as pulumi from "@pulumi/pulumi";
import { type Way, wayBetween } from "../../../plan/index.js";
import { excludeOf, sourcesOf } from "../../../resources/host/declared.js";
import { deviceOf } from "../../../resources/link/inputs.js";
import { declareLink, declareLinkedRoute } from "./declare-link.js";
import { DockerBridge } from "./docker-bridge.js";
import { ForwardRule } from "./forward-rule.js";
import { MasqueradeRule } from "./masquerade-rule.js";
import { isLinked, type MeshMember, type Peer, type Ready, type Ways, type WithBridge } from "./member.js";
import { PeerRoute } from "./peer-route.js";
import { PeerRoutes } from "./peer-routes.js";

/** One PeerRoute for each peer of each host, or one PeerRoutes a host. */
export type RoutesMode = "pair" | "host";

interface Settings {
  readonly routes?: RoutesMode | undefined;
  readonly ways?: Ways;
}

/**
 * The resources of a mesh: on each host its bridge, its link where peers are on other networks, its rules, and its
 * routes to every peer.
 *
 * A single host gets its bridge alone. Its rules concern only peers, so they come with the second host.
 */
export function declareMesh(
  hosts: readonly MeshMember[],
  { routes: mode = "pair", ways = {} }: Settings = {},
  options: pulumi.CustomResourceOptions = {},
): readonly pulumi.Resource[] {
  const bridged = hosts.map((host) => ({ ...host, bridge: declareBridge(host, options) }));
  const ready = bridged.map((member): Ready => {
    const peers = peersOf(member, bridged, ways);
    if (peers.length === 0) return { ...member, link: undefined, rules: [] };
    const link = declareLink(member, peers, ways, options);
    return { ...member, link, rules: declareRules({ ...member, link }, peers, options) };
  });
  return ready.flatMap((member) => {
    const peers = peersOf(member, ready, ways);
    const [near, far] = [peers.filter((peer) => !isLinked(peer)), peers.filter(isLinked)];
    const routes =
      mode === "host" && near.length > 0
        ? [declareRoutes(member, near, options)]
        : near.map((peer) => declareRoute(member, peer, options));
    const linked = far.map((peer) => declareLinkedRoute(member, peer, ways, options));
    return [member.bridge, ...(member.link ? [member.link] : []), ...member.rules, ...routes, ...linked];
  });
}

function peersOf<Member extends MeshMember>(own: Member, all: readonly Member[], ways: Ways): Peer<Member>[] {
  return all.flatMap((peer) => {
    const way = peer === own ? undefined : wayBetween(ways, sited(own), sited(peer));
    return way === undefined ? [] : [{ ...peer, way }];
  });
}

function declareBridge(host: MeshMember, options: pulumi.CustomResourceOptions): DockerBridge {
  return new DockerBridge(
    `${host.name}-bridge`,
    {
      ...{ host: host.name, ...host.where, bip: host.own.bridgeAddress },
      pools: host.networks.apply((networks) => networks?.pools),
      networkPrefix: host.networks.apply((networks) => networks?.networkPrefix),
    },
    options,
  );
}

function declareRules(
  { name, where, own, bridge, link, interface: nic }: Omit<Ready, "rules">,
  peers: readonly Peer<WithBridge>[],
  options: pulumi.CustomResourceOptions,
): readonly pulumi.Resource[] {
  const interfaces = pulumi.output(nic).apply((given) => (given === undefined ? undefined : [given]));
  const near = peers.filter((peer) => !isLinked(peer));
  const far = peers.filter(isLinked);
  const kind = far[0]?.way;
  const linked = pulumi.all(far.map((peer) => peer.own)).apply(excludeOf);
  const on = {
    ...{ host: name, ...where, interfaces },
    ...(kind === undefined ? {} : { links: linked.apply((ranges) => ({ [deviceOf({ kind })]: ranges })) }),
  };
  // A rule would have no effect before docker0 has the range.
  const afterBridge = { ...options, dependsOn: link === undefined ? [bridge] : [bridge, link] };
  const exclude = pulumi.all(near.map((peer) => peer.own)).apply(excludeOf);
  const sources = pulumi
    .all(near.map((peer) => pulumi.all([peer.own, peer.address])))
    .apply((known) => sourcesOf(known.map(([{ subnet }, address]) => ({ subnet, address }))));
  return [
    new MasqueradeRule(`${name}-masquerade`, { ...on, source: own.subnet, exclude }, afterBridge),
    new ForwardRule(`${name}-forward`, { ...on, destination: own.subnet, sources }, afterBridge),
  ];
}

/** Both ends' bridges come first: before they have moved, another network may still have the range. */
function declareRoute(from: Ready, to: Peer<Ready>, options: pulumi.CustomResourceOptions): pulumi.Resource {
  const args = { host: from.name, ...from.where, peer: to.name, interface: pulumi.output(from.interface) };
  return new PeerRoute(
    `${from.name}-to-${to.name}`,
    { ...args, destination: to.own.subnet, gateway: to.address, ...routedWay(to) },
    { ...options, dependsOn: [from.bridge, to.bridge] },
  );
}

const routedWay = ({ way }: { readonly way: Way }) => (way === "routed" ? { routed: true } : {});

/** After its own host's bridge alone: a peer that is down would else keep the routes to all others from being made. */
function declareRoutes(
  from: Ready,
  peers: readonly Peer<Ready>[],
  options: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const ways = peers.map((peer) => [
    peer.name,
    {
      ...{ destination: peer.own.subnet, gateway: peer.address, interface: pulumi.output(from.interface) },
      ...routedWay(peer),
    },
  ]);
  return new PeerRoutes(
    `${from.name}-routes`,
    { host: from.name, ...from.where, routes: Object.fromEntries(ways) },
    { ...options, dependsOn: [from.bridge] },
  );
}

const sited = ({ site }: MeshMember) => (site === undefined ? {} : { site });
