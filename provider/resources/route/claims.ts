/**
 * One route of a host to one peer: its claims on the host, and the reasons to refuse it. PeerRoute has one of them,
 * PeerRoutes has all of a host.
 */
import { z } from "zod";
import * as boot from "../../boot/script.js";
import { type Claim, type Claims, heldBy, state } from "../../engine/claim.js";
import type { Fault } from "../../engine/errors/fault.js";
import type { Seen } from "../../engine/fact.js";
import type { OnHost } from "../../engine/kind.js";
import * as rules from "../../facts/ip-rules.js";
import * as ip from "../../facts/iproute.js";
import { isLinkDevice, type Neighbours } from "../../facts/link-device.js";
import type { WireGuardSeen } from "../../facts/wireguard.js";
import { address, nic, range } from "../host/inputs.js";
import { absentNics, covers, linkOf, network, routedWithin } from "../host/network.js";
import { diverted, unreachable } from "./judge.js";
import { removalOf, routeTo } from "./left-behind.js";
import * as byLink from "./link.js";
import { type LinkToPeer, linkForm } from "./link-form.js";

/** The way to one peer: a gateway, or a link. */
export interface WayToPeer {
  /** The range that is reached, the peer's subnet. @example "172.30.2.0/24" */
  readonly destination: string;
  /**
   * The next hop: the peer's own address, which must be on a network card's network. It, or else `link`.
   * @example "192.168.145.129"
   */
  readonly gateway?: string | undefined;
  /** The network card to the next hop. @default the one whose network holds the gateway @example "eth0" */
  readonly interface?: string | undefined;
  /**
   * The network between the hosts routes by itself: the route leads to the next hop that the host's kernel has for
   * `gateway`, and that router needs a route back (the output `fabricRoutes` of a stack). @default false
   */
  readonly routed?: boolean | undefined;
  /**
   * The link by which a peer of another site is reached, in place of `gateway` and `interface`. Its device is that of this
   * host's HostLink, which must be there first. From one to the other is an update.
   * @example { device: "dr-wg", publicKey: betaLink.publicKey, endpoint: "203.0.113.9:51820" }
   */
  readonly link?: LinkToPeer | undefined;
}

/** The same as it is read. */
export const wayForm = z.strictObject({
  destination: range,
  gateway: address.optional(),
  interface: nic.optional(),
  routed: z.boolean().optional(),
  link: linkForm.optional(),
});

/** A way is a gateway or a link, and not both. */
export function oneWay(way: Omit<WayToPeer, "destination">, context: z.core.$RefinementCtx<unknown>): void {
  const { gateway, interface: card, routed, link } = way;
  const refuse = (property: string, message: string) =>
    context.addIssue({ code: "custom", path: [property], message, input: way });
  if (gateway === undefined && link === undefined)
    refuse("gateway", "is missing: a route has a gateway, or a link");
  if (link === undefined) return;
  if (gateway !== undefined) refuse("link", "stands beside a gateway: a route has one of the two");
  if (card !== undefined) refuse("interface", "stands beside a link, which has a device of its own");
  if (routed === true) refuse("routed", "stands beside a link, which needs nobody to route for it");
}

export interface PeerRouteInputs extends OnHost, WayToPeer {
  /** The peer's name; with the host's it names the resource. Another peer replaces it. @example "beta" */
  readonly peer: string;
  /** The range that is reached, the peer's subnet. Another range replaces it. @example "172.30.2.0/24" */
  readonly destination: string;
}

/** The facts on which a route depends, but for the ways to the gateways. */
export const common = { ...network, policy: rules.policy, scripts: boot.scripts };
export interface RouteSeen extends Seen<typeof common> {
  readonly ways: ip.Ways;
  readonly wireguard?: WireGuardSeen;
  readonly neighbours?: Neighbours;
}

/** @param holder the resource that has the route */
export function routeClaim(wanted: PeerRouteInputs, holder: boot.Script["holder"], seen: RouteSeen): Claim {
  const script = scriptOf(wanted, holder, seen);
  const route = routeOf(wanted, seen);
  const notOurs = ownerOf(route, script, seen);
  return {
    what: `route to ${wanted.destination}`,
    is: state(route !== undefined && sameWay(route, wanted, seen), route !== undefined),
    ...(route === undefined ? {} : { found: inWords(route), shown: isShown(route, wanted, seen) }),
    ...(notOurs === undefined ? {} : { notOurs }),
    make: [
      boot.load(
        script,
        `put the route to ${wanted.destination} ${wayInWords(wanted)} (${wanted.peer}) in place`,
      ),
    ],
    remove: removalOf(wanted.destination, route),
  };
}

/** All that a route needs, in order, but for its script: around the route itself there is what its link needs. */
export function routeClaims(
  wanted: PeerRouteInputs,
  holder: boot.Script["holder"],
  route: Claim,
  seen: RouteSeen,
): Claims {
  const script = scriptOf(wanted, holder, seen);
  const owner = boot.holderOf(script, seen.scripts);
  return [
    ...heldBy(owner, byLink.before(wanted, route.make, script, seen)),
    route,
    ...heldBy(owner, byLink.after(wanted, script, seen)),
  ];
}

function wayInWords({ gateway, routed, link }: PeerRouteInputs): string {
  if (link !== undefined) return `by ${byLink.inWords(link)}`;
  return routed === true ? `by the next hop to ${gateway}` : `through ${gateway}`;
}

/** A route that already leads there and that another program keeps. */
export function isStrangers({ is, notOurs }: Claim): boolean {
  return is === "so" && typeof notOurs === "object";
}

/** The reason to remove a script of ours where a stranger keeps the route: at boot it would replace the stranger's. */
export const notNeeded = "not needed, another program keeps this route";

export function observedRoute(
  wanted: PeerRouteInputs,
  seen: RouteSeen,
): Partial<Pick<PeerRouteInputs, "gateway" | "interface">> {
  const route = routeOf(wanted, seen);
  if (route?.gateway === undefined || wanted.link !== undefined) return {};
  if (route.interface !== undefined && isLinkDevice(route.interface)) return {};
  const link = wanted.interface === undefined ? {} : { interface: route.interface };
  // The gateway of a routed way is the peer, and no next hop.
  return wanted.routed === true ? link : { gateway: route.gateway, ...link };
}

export function routeFaults(wanted: PeerRouteInputs, seen: RouteSeen): readonly Fault[] {
  return [
    ...covers("destination", wanted.destination, seen, ["docker0"]),
    ...(wanted.interface === undefined ? [] : absentNics("interface", [wanted.interface], seen)),
    ...(wanted.gateway === undefined ? [] : unreachable({ ...wanted, gateway: wanted.gateway }, seen)),
    ...diverted(wanted, seen),
    ...routedWithin("destination", wanted.destination, seen),
  ];
}

/** The script that keeps the route. */
export function scriptOf(
  wanted: PeerRouteInputs,
  holder: boot.Script["holder"],
  seen: RouteSeen,
): boot.Script {
  return {
    kind: "route",
    subject: wanted.destination,
    holder,
    about: `The route to ${wanted.peer}: ${wanted.destination} is reached ${wayInWords(wanted)}.`,
    lines: linesOf(wanted, seen),
    formerName: `route-${wanted.destination.replace("/", "_")}`,
  };
}

function linesOf(wanted: PeerRouteInputs, seen: RouteSeen): boot.Script["lines"] {
  const { destination, link } = wanted;
  if (link !== undefined) return byLink.lines(destination, link);
  return [ip.replaceRoute({ destination, ...hopOf(wanted, seen) })];
}

/** The kernel marks a route of ours by the protocol number; the script names the resource to which it belongs. */
function ownerOf(route: ip.Route | undefined, script: boot.Script, seen: RouteSeen): Claim["notOurs"] {
  if (route === undefined) return undefined;
  if (route.protocol === ip.protocol) return boot.holderOf(script, seen.scripts);
  // docker0 leaves this range before the route is made: a plan may give its old one to a peer.
  if (route.interface === "docker0") return "another resource's";
  return {
    property: "destination",
    reason: `${script.subject} is routed already, by someone else: ${inWords(route)}; remove that route first`,
  };
}

/** True if `observed` shows the difference as another gateway or interface. */
function isShown(route: ip.Route, wanted: PeerRouteInputs, seen: RouteSeen): boolean {
  if (route.gateway === undefined || wanted.link !== undefined) return false;
  if (route.interface !== undefined && isLinkDevice(route.interface)) return false;
  if (wanted.routed === true)
    return wanted.interface !== undefined && route.gateway === hopOf(wanted, seen).gateway;
  return wanted.interface !== undefined || route.interface === hopOf(wanted, seen).interface;
}

/** The next hop and the card to it. A fault has been raised where the host has none. */
function hopOf({ gateway = "", interface: card, routed }: PeerRouteInputs, seen: RouteSeen) {
  const way = routed === true ? seen.ways.get(gateway) : undefined;
  return {
    gateway: way?.gateway ?? gateway,
    interface: card ?? way?.interface ?? linkOf(seen, gateway) ?? "",
  };
}

function routeOf({ destination }: PeerRouteInputs, seen: RouteSeen): ip.Route | undefined {
  return routeTo(destination, seen);
}

function sameWay(found: ip.Route, wanted: PeerRouteInputs, seen: RouteSeen): boolean {
  const { link } = wanted;
  if (link !== undefined) return found.interface === link.device && found.gateway === link.address;
  const hop = hopOf(wanted, seen);
  return found.gateway === hop.gateway && found.interface === hop.interface;
}

function inWords({ destination, gateway, interface: link, protocol }: ip.Route): string {
  return [destination, gateway && `via ${gateway}`, link && `dev ${link}`, protocol && `proto ${protocol}`]
    .filter((word) => word !== undefined && word !== "")
    .join(" ");
}
