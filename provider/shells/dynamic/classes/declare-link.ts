/** The resources of hosts that share no network: each host's end of its links, and the route to each peer by them. */
import * as pulumi from "@pulumi/pulumi";
import { callTo, linkAddress, portOf, sourcesOfEnds } from "../../../plan/index.js";
import { deviceOf } from "../../../resources/link/inputs.js";
import { HostLink } from "./host-link.js";
import {
  isLinked,
  type Linked,
  type MeshMember,
  type Peer,
  type Ready,
  type Ways,
  type WithBridge,
} from "./member.js";
import { PeerRoute } from "./peer-route.js";

/** The host's own end of every link; undefined where every peer is reached without one. */
export function declareLink(
  { name, where, own, bridge, interface: nic }: WithBridge,
  peers: readonly Peer<WithBridge>[],
  { link: settings = {} }: Ways,
  options: pulumi.CustomResourceOptions,
): HostLink | undefined {
  const far = peers.filter(isLinked);
  const kind = far[0]?.way;
  if (kind === undefined) return undefined;
  return new HostLink(
    `${name}-link`,
    {
      ...{ host: name, ...where, kind, port: portOf(kind, settings) },
      address: own.subnet.apply((subnet) => `${linkAddress(subnet)}/32`),
      sources: pulumi.all(far.map(endOf)).apply(sourcesOfEnds),
      ...(settings.mtu === undefined ? {} : { mtu: settings.mtu }),
      ...(kind === "vxlan" ? { interface: pulumi.output(nic) } : {}),
    },
    { ...options, dependsOn: [bridge] },
  );
}

/** Both ends' links and rules come first: before the peer knows this host's key and lets it in, nothing comes back. */
export function declareLinkedRoute(
  from: Ready,
  to: Linked<Ready>,
  { link: settings }: Ways,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const kind = to.way;
  const call = pulumi.all([endOf(from), endOf(to)]).apply(([own, peer]) => callTo(kind, settings, own, peer));
  // Only the key is unknown at the first preview, so that the rest is shown.
  const link = {
    ...{ device: deviceOf({ kind }), endpoint: call.apply(({ endpoint }) => endpoint) },
    keepalive: call.apply(({ keepalive }) => keepalive),
    ...(kind === "wireguard"
      ? { publicKey: to.link?.publicKey }
      : { address: to.own.subnet.apply(linkAddress) }),
  };
  const ends = [from, to].flatMap(({ bridge, link: end, rules }) => [
    bridge,
    ...(end ? [end] : []),
    ...rules,
  ]);
  return new PeerRoute(
    `${from.name}-to-${to.name}`,
    { host: from.name, ...from.where, peer: to.name, destination: to.own.subnet, link },
    { ...options, dependsOn: ends },
  );
}

function endOf({ address, publicAddress }: MeshMember) {
  return pulumi.all([address, publicAddress]).apply(([own, given]) => ({
    address: own,
    ...(given === undefined ? {} : { publicAddress: given }),
  }));
}
