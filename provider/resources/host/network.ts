/** The ground a host stands on: what a range of the plan must never cover, because the host is reached by it. */
import { type Answer, UnreadableAnswer } from "../../engine/command.js";
import type { Fault } from "../../engine/errors.js";
import * as ip from "../../facts/iproute.js";
import * as machine from "../../facts/machine.js";
import {
  contains,
  containsAddress,
  overlaps,
  parseAddress,
  parseInterface,
  parseRange,
  printRange,
  type Range,
} from "../../plan/cidr.js";
import { nic } from "./inputs.js";

export interface Ground {
  readonly links: readonly ip.Link[];
  readonly routes: readonly ip.Route[];
  readonly resolvers: readonly string[];
  /** Where this login comes from. */
  readonly client?: string;
  /** Which machine it is, where that can be told. */
  readonly machine?: string;
}

export const questions = [...ip.questions, ...machine.questions] as const;

export function readGround(answers: readonly Answer[]): Ground {
  const [links, routes, resolver, session, id] = answers;
  if (!links || !routes || !resolver || !session || !id) throw new Error("the ground takes five answers");
  const client = machine.readClient(session);
  const own = machine.readMachine(id);
  return {
    links: ip.readLinks(links),
    routes: ip.readRoutes(routes),
    resolvers: machine.readResolvers(resolver),
    ...(client === undefined ? {} : { client }),
    ...(own === undefined ? {} : { machine: own }),
  };
}

/** The host's own network cards: every link with an address that is not the loopback's nor one of Docker's. */
export function nics(ground: Ground): readonly ip.Link[] {
  return ground.links.filter(
    ({ name, addresses }) => name !== "lo" && addresses.length > 0 && !ip.isDockers(name),
  );
}

export function nicNames(ground: Ground): readonly string[] {
  const names = nics(ground).map(({ name }) => name);
  // The kernel lets a link be called almost anything, and these go into the text of rules.
  const odd = names.find((name) => !nic.safeParse(name).success);
  if (odd !== undefined) throw new UnreadableAnswer(ip.addressQuestion.argv.join(" "), odd);
  return names.sort();
}

/** The link on which an address can be reached without a gateway. */
export function linkOf(ground: Ground, address: string): string | undefined {
  return linkFinder(ground)(address);
}

/** The same for many addresses: the networks of the links are read once. */
export function linkFinder(ground: Ground): (address: string) => string | undefined {
  const networks = nics(ground).flatMap(({ name, addresses }) =>
    addresses.map((own) => ({ name, net: networkOf(own) })),
  );
  return (address) => {
    const wanted = parseAddress(address);
    if ("reason" in wanted) return undefined;
    return networks.find(({ net }) => containsAddress(net, wanted.value))?.name;
  };
}

/** The route that the kernel takes to an address. */
export function routeTo(ground: Ground, address: string): ip.Route | undefined {
  return router(ground)(address);
}

/** The same for many addresses: the ranges of the routes are read once. */
export function router({ routes }: Ground): (address: string) => ip.Route | undefined {
  const ways = routes
    .flatMap((route) => {
      const range = targetOf(route);
      return range === undefined ? [] : [{ route, range }];
    })
    .sort((a, b) => b.range.prefix - a.range.prefix || (a.route.metric ?? 0) - (b.route.metric ?? 0));
  return (address) => {
    const wanted = parseAddress(address);
    if ("reason" in wanted) return undefined;
    return ways.find(({ range }) => containsAddress(range, wanted.value))?.route;
  };
}

/** How a host comes to an address that is on none of its links, in words: the gateway that is between them. */
export function gatewayTo(ground: Ground, address: string): string {
  const way = routeTo(ground, address);
  if (way === undefined) return "it has no route there";
  if (way.gateway === undefined)
    return `its way there is by ${way.interface}, where it has no address of that network`;
  return `between them is the gateway ${way.gateway}${way.interface === undefined ? "" : ` on ${way.interface}`}`;
}

/** What a route leads to: iproute2 writes "default", and one address without its /32. */
export function targetOf({ destination }: ip.Route): Range | undefined {
  const text =
    destination === "default" ? "0.0.0.0/0" : destination.includes("/") ? destination : `${destination}/32`;
  const parsed = parseRange(text);
  return "value" in parsed ? parsed.value : undefined;
}

/** "via 192.168.145.1 by eth0", as far as the route says. */
export function wayOf({ gateway, interface: link }: ip.Route): string {
  return [gateway && `via ${gateway}`, link && `by ${link}`].filter(Boolean).join(" ");
}

/** What it is and the address, where there is one and the range holds it. */
export function heldIn(range: Range, address: string | undefined, what: string): readonly string[] {
  const parsed = address === undefined ? undefined : parseAddress(address);
  return parsed !== undefined && "value" in parsed && containsAddress(range, parsed.value)
    ? [`${what} ${address}`]
    : [];
}

/** The network that an address "192.168.145.128/24" stands in. */
export function networkOf(own: string): Range {
  const parsed = parseInterface(own);
  if ("reason" in parsed) throw new UnreadableAnswer(ip.addressQuestion.argv.join(" "), own);
  return parsed.value.range;
}

/** Why a range must not be routed elsewhere or given to Docker on this host: it covers what the host is reached by. */
export function covers(
  property: string,
  range: string,
  ground: Ground,
  exceptLinks: readonly string[],
): readonly Fault[] {
  const wanted = parseRange(range);
  if ("reason" in wanted) return [{ property, reason: wanted.reason }];
  const links = ground.links
    .filter(({ name }) => name !== "lo" && !exceptLinks.includes(name))
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

/** Why a range must not be routed or given to Docker: of a part of it somebody else has said where it goes. */
export function routedWithin(property: string, range: string, ground: Ground): readonly Fault[] {
  const wanted = parseRange(range);
  if ("reason" in wanted) return [];
  const found = ground.routes.filter((route) => {
    const { gateway, interface: link, protocol } = route;
    // `covers` reports the network of a link.
    const isLinks = gateway === undefined && protocol === "kernel";
    // These come first: a host of a large mesh has a thousand routes of ours, and reading a range takes time.
    if (isLinks || protocol === ip.protocol || ip.isDockers(link ?? "")) return false;
    const own = targetOf(route);
    return own !== undefined && contains(wanted.value, own) && own.prefix > wanted.value.prefix;
  });
  return found.map((route) => ({
    property,
    reason: `${route.destination}, a part of ${range}, is routed ${wayOf(route)} by someone else; remove that route, or choose another range`,
  }));
}

/** Whether interfaces that were asked for are there. */
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
