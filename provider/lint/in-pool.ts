/** Links and routes that are in the pool already. A host's subnet over one of them is refused; any other is not. */
import * as ip from "../facts/iproute.js";
import { isLinkDevice } from "../facts/link-device.js";
import {
  contains,
  containsAddress,
  overlaps,
  parseInterface,
  parseRange,
  printRange,
  type Range,
} from "../plan/cidr.js";
import {
  addressOfDocker0,
  type Ground,
  heldIn,
  isDockers,
  networkOf,
  targetOf,
  wayOf,
} from "../resources/host/network.js";
import type { Intent, Standing } from "./mesh.js";

/** In words, for one host. */
export function inPool({ pool, hostPrefix = 24 }: Intent, { name, ground }: Standing): readonly string[] {
  const parsed = pool === undefined ? undefined : parseRange(pool);
  if (parsed === undefined || "reason" in parsed) return [];
  const whole = parsed.value;
  const own = ownPart(ground, whole, hostPrefix);
  const meets = (range: Range) => overlaps(whole, range) && !(own !== undefined && contains(own, range));
  const links = ground.links
    .filter((link) => link.name !== "lo" && link.name !== "docker0" && !isLinkDevice(link.name))
    .flatMap((link) => link.addresses.map((each) => ({ link: link.name, net: networkOf(each) })))
    .filter(({ net }) => meets(net))
    .map(
      ({ link, net }) =>
        `${isDockers(ground, link) ? "Docker's network" : "the network"} ${printRange(net)} of ${link}`,
    );
  const routes = ground.routes.flatMap((route) => {
    const range = rangeOf(route);
    if (range === undefined || !meets(range)) return [];
    return [`the route to ${route.destination} ${wayOf(route)}`];
  });
  const single = (address: string | undefined, what: string) => heldIn(whole, address, what);
  const gateways = ground.routes.filter(({ destination }) => destination === "default");
  const found = [
    ...links,
    ...routes,
    ...ground.resolvers.flatMap((each) => single(each, "the resolver")),
    ...gateways.flatMap(({ gateway }) => single(gateway, "the default gateway")),
    ...single(ground.client, "the address that this login comes from,"),
  ];
  if (found.length === 0) return [];
  return [
    `${name}: the pool ${pool} contains ${found.join("; ")}: a host subnet over one of them is refused, or hides it from ${name}`,
  ];
}

/** A route of somebody else's that is not merely the network of a link. */
function rangeOf(route: ip.Route): Range | undefined {
  const { destination, gateway, interface: link, protocol } = route;
  if (destination === "default" || protocol === ip.protocol) return undefined;
  if (gateway === undefined && (protocol === "kernel" || link === "docker0")) return undefined;
  return targetOf(route);
}

/** The subnet that docker0 has now. */
function ownPart(ground: Ground, pool: Range, hostPrefix: number): Range | undefined {
  const held = addressOfDocker0(ground);
  const parsed = held === undefined ? undefined : parseInterface(held);
  if (parsed === undefined || "reason" in parsed || !containsAddress(pool, parsed.value.address))
    return undefined;
  return networkOf(`${held?.split("/")[0]}/${hostPrefix}`);
}
