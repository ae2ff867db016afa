/** The network facts of a host: ranges that the plan must never cover, because the host is reached by them. */
import { UnreadableAnswer } from "../../engine/command.js";
import type { Fault } from "../../engine/errors/fault.js";
import * as docker from "../../facts/docker-networks.js";
import * as ip from "../../facts/iproute.js";
import { isLinkDevice } from "../../facts/link-device.js";
import * as machine from "../../facts/machine.js";
import {
  contains,
  containsAddress,
  familyIn,
  overlaps,
  parseAddress,
  parseHostOrRange,
  parseInterface,
  parseRange,
  printRange,
  type Range,
} from "../../plan/cidr.js";
import { type Family, v4 } from "../../plan/family.js";

export interface Ground {
  readonly links: readonly ip.Link[];
  readonly routes: readonly ip.Route[];
  readonly resolvers: readonly string[];
  /** The address that this login comes from. */
  readonly client: string | undefined;
  /** The machine's id. undefined if it has none. */
  readonly machine: string | undefined;
  /** Docker's networks as Docker reports them. undefined if no Docker answered. */
  readonly dockerNetworks: readonly docker.DockerNetwork[] | undefined;
}

/** The facts of every kind that judges ranges of the plan. */
export const network = {
  links: ip.links,
  routes: ip.routes,
  resolvers: machine.resolvers,
  client: machine.client,
  machine: machine.machine,
  dockerNetworks: docker.networks,
} as const;

/**
 * True if a link is a bridge of Docker's. Docker reports the bridge of each of its networks, whatever its name:
 * docker_gwbridge of a swarm, a bridge that a person named. docker0 is always Docker's, because `bip` is its address.
 *
 * Without an answer of Docker, docker0 is the only one known, and the bridge of another network counts as a link of the
 * host's own. That is the safe side: a range that covers it is refused, and no change of Docker is made until it answers.
 */
export function isDockers({ dockerNetworks = [] }: Pick<Ground, "dockerNetworks">, link: string): boolean {
  return link === "docker0" || dockerNetworks.some(({ bridge }) => bridge === link);
}

/** docker0's addresses as the kernel has them, in its order. */
export function addressesOfDocker0({ links }: Pick<Ground, "links">): readonly string[] {
  return links.find(({ name }) => name === "docker0")?.addresses ?? [];
}

/**
 * The address with which Docker runs docker0, "172.30.1.1/24". docker0 may have others beside it, and the kernel's
 * order does not tell which one Docker uses. Without an answer of Docker it is the kernel's first. undefined if none.
 */
export function addressOfDocker0(ground: Pick<Ground, "links" | "dockerNetworks">): string | undefined {
  const held = addressesOfDocker0(ground);
  const network = ground.dockerNetworks?.find(({ isDefault, bridge }) => isDefault && bridge === "docker0");
  const [own] = (network?.ranges ?? []).flatMap(({ subnet, gateway }) => {
    const parsed = parseRange(subnet);
    return "value" in parsed ? [{ range: parsed.value, gateway }] : [];
  });
  if (own === undefined) return held[0];
  if (own.gateway !== undefined) return `${own.gateway}/${own.range.prefix}`;
  // Before its second start Docker 20 names no gateway.
  return held.find((address) => printRange(networkOf(address)) === printRange(own.range)) ?? held[0];
}

/** The host's own network cards: every link with an address, but the loopback, Docker's bridges and dockroute's own links. */
export function nics(ground: Ground): readonly ip.Link[] {
  return ground.links.filter(
    ({ name, addresses }) =>
      name !== "lo" && addresses.length > 0 && !isDockers(ground, name) && !isLinkDevice(name),
  );
}

/** The kernel's answers on the ways that were asked for. */
export interface WithWays extends Ground {
  readonly ways: ip.Ways;
}

/** The link by which the kernel reaches an address without a gateway. */
export function linkOf({ ways, ...ground }: WithWays, address: string): string | undefined {
  const way = ways.get(address);
  if (way?.interface === undefined || way.gateway !== undefined || way.isOwn) return undefined;
  return isDockers(ground, way.interface) || isLinkDevice(way.interface) ? undefined : way.interface;
}

/** The obstacle on the direct way from a host to an address, in words: the gateway that is between them. */
export function gatewayTo({ ways }: WithWays, address: string): string {
  const way = ways.get(address);
  const link = way?.interface;
  if (way?.isOwn === true) return "it is the host's own address";
  if (way?.gateway !== undefined)
    return `between them is the gateway ${way.gateway}${link === undefined ? "" : ` on ${link}`}`;
  if (link !== undefined)
    return `its way there is by ${link}, which is ${isLinkDevice(link) ? "dockroute's own link" : "Docker's"}`;
  return `it has no route there${way?.refusal ? ` ("${way.refusal}")` : ""}`;
}

/** The address in "192.168.1.5/24", the first one of a range. */
export function firstOf(range: string): string {
  return range.split("/")[0] ?? range;
}

/** The destination of a route: iproute2 writes "default", and one address without a prefix length. */
export function targetOf({ destination }: ip.Route, family: Family = v4): Range | undefined {
  const parsed = parseHostOrRange(destination === "default" ? family.everything : destination, family);
  return "value" in parsed ? parsed.value : undefined;
}

/** "via 192.168.145.1 by eth0", as far as the route has it. */
export function wayOf({ gateway, interface: link }: ip.Route): string {
  return [gateway && `via ${gateway}`, link && `by ${link}`].filter(Boolean).join(" ");
}

/** The thing and its address, where there is one and the range holds it. */
export function heldIn(range: Range, address: string | undefined, what: string): readonly string[] {
  const parsed = address === undefined ? undefined : parseAddress(address);
  return parsed !== undefined && "value" in parsed && containsAddress(range, parsed.value)
    ? [`${what} ${address}`]
    : [];
}

/** The network that an address "192.168.145.128/24" stands in. */
export function networkOf(own: string): Range {
  const parsed = parseInterface(own);
  if ("reason" in parsed) throw new UnreadableAnswer(ip.addressQuestion(familyIn(own)).argv.join(" "), own);
  return parsed.value.range;
}

/** The reasons against routing a range elsewhere or giving it to Docker on this host: it covers the host's own ways. */
export function covers(
  property: string,
  range: string,
  ground: Ground,
  exceptLinks: readonly string[],
): readonly Fault[] {
  const wanted = parseRange(range);
  if ("reason" in wanted) return [{ property, reason: wanted.reason }];
  const links = ground.links
    .filter(({ name }) => name !== "lo" && !exceptLinks.includes(name) && !isLinkDevice(name))
    .flatMap(({ name, addresses }) => addresses.map((own) => ({ name, net: networkOf(own) })))
    .filter(({ net }) => overlaps(net, wanted.value))
    .map(({ name, net }) => `the network ${printRange(net)} of ${name}`);
  const found = [
    ...links,
    ...ground.routes
      .filter(({ destination }) => destination === "default")
      .flatMap(({ gateway }) => heldIn(wanted.value, gateway, "the default gateway")),
    ...ground.resolvers.flatMap((address) => heldIn(wanted.value, address, "the resolver")),
    ...heldIn(wanted.value, ground.client, "the address that this login comes from,"),
  ];
  if (found.length === 0) return [];
  return [
    { property, reason: `${range} covers ${found.join(" and ")}; allowed is a range that leaves them out` },
  ];
}

/** The reasons against routing a range or giving it to Docker: somebody else has a route for a part of it. */
export function routedWithin(property: string, range: string, ground: Ground): readonly Fault[] {
  const wanted = parseRange(range);
  if ("reason" in wanted) return [];
  const found = ground.routes.filter((route) => {
    const { gateway, interface: link, protocol } = route;
    // `covers` reports the network of a link.
    const isLinks = gateway === undefined && protocol === "kernel";
    // These come first: a host of a large mesh has a thousand routes of ours, and reading a range takes time.
    if (isLinks || protocol === ip.protocol || isDockers(ground, link ?? "")) return false;
    const own = targetOf(route);
    return own !== undefined && contains(wanted.value, own) && own.prefix > wanted.value.prefix;
  });
  return found.map((route) => ({
    property,
    reason: `${route.destination}, a part of ${range}, is routed ${wayOf(route)} by someone else; remove that route, or choose another range`,
  }));
}

/** The interfaces that were asked for and are not there. */
export function absentNics(property: string, wanted: readonly string[], ground: Ground): readonly Fault[] {
  const there = ground.links.map(({ name }) => name);
  return wanted
    .filter((name) => !there.includes(name))
    .map((name) => ({
      property,
      reason: `there is no interface ${name}; allowed is one of ${nics(ground)
        .map((link) => link.name)
        .join(", ")}`,
    }));
}
