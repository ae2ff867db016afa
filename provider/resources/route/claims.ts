/**
 * One route of a host to one peer: its claims on the host, and the reasons to refuse it. PeerRoute has one of them,
 * PeerRoutes has all of a host.
 */
import * as boot from "../../boot/script.js";
import { type Claim, state } from "../../engine/claim.js";
import type { Fault } from "../../engine/errors/fault.js";
import type { Seen } from "../../engine/fact.js";
import type { OnHost } from "../../engine/kind.js";
import * as rules from "../../facts/ip-rules.js";
import * as ip from "../../facts/iproute.js";
import { address, nic, range } from "../host/inputs.js";
import { absentNics, covers, linkOf, network, routedWithin } from "../host/network.js";
import { diverted, unreachableGateway } from "./judge.js";
import { routeTo } from "./left-behind.js";

/** The way to one peer. */
export interface WayToPeer {
  /** The range that is reached, the peer's subnet. @example "172.30.2.0/24" */
  readonly destination: string;
  /** The next hop: the peer's own address, which must be on a link of this host. @example "192.168.145.129" */
  readonly gateway: string;
  /** The link to the next hop. @default the link whose network holds the gateway @example "eth0" */
  readonly interface?: string | undefined;
}

/** The same as it is read. */
export const wayForm = { destination: range, gateway: address, interface: nic.optional() };

export interface PeerRouteInputs extends OnHost, WayToPeer {
  /** The peer's name; with the host's it names the resource. Another peer replaces it. @example "beta" */
  readonly peer: string;
  /** The range that is reached, the peer's subnet. Another range replaces it. @example "172.30.2.0/24" */
  readonly destination: string;
}

/** The facts on which a route depends, but for the ways to the gateways. */
export const common = { ...network, policy: rules.policy, scripts: boot.scripts };
export type RouteSeen = Seen<typeof common> & { readonly ways: ip.Ways };

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
        `put the route to ${wanted.destination} through ${wanted.gateway} (${wanted.peer}) in place`,
      ),
    ],
    remove: route?.gateway === undefined ? [] : [ip.deleteRoute({ ...wanted, gateway: route.gateway })],
  };
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
  if (route?.gateway === undefined) return {};
  const link = wanted.interface === undefined ? {} : { interface: route.interface };
  return { gateway: route.gateway, ...link };
}

export function routeFaults(wanted: PeerRouteInputs, seen: RouteSeen): readonly Fault[] {
  return [
    ...covers("destination", wanted.destination, seen, ["docker0"]),
    ...(wanted.interface === undefined ? [] : absentNics("interface", [wanted.interface], seen)),
    ...unreachableGateway(wanted, seen),
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
    about: `The route to ${wanted.peer}: ${wanted.destination} is reached through ${wanted.gateway}.`,
    lines: [ip.replaceRoute({ ...wanted, interface: linkFor(wanted, seen) })],
    formerName: `route-${wanted.destination.replace("/", "_")}`,
  };
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
  if (route.gateway === undefined) return false;
  return wanted.interface !== undefined || route.interface === linkFor(wanted, seen);
}

/** Without an `interface`, the link that holds the gateway. An `objection` has been raised where there is none. */
function linkFor(wanted: PeerRouteInputs, seen: RouteSeen): string {
  return wanted.interface ?? linkOf(seen, wanted.gateway) ?? "";
}

function routeOf({ destination }: PeerRouteInputs, seen: RouteSeen): ip.Route | undefined {
  return routeTo(destination, seen);
}

function sameWay(found: ip.Route, wanted: PeerRouteInputs, seen: RouteSeen): boolean {
  return found.gateway === wanted.gateway && found.interface === linkFor(wanted, seen);
}

function inWords({ destination, gateway, interface: link, protocol }: ip.Route): string {
  return [destination, gateway && `via ${gateway}`, link && `dev ${link}`, protocol && `proto ${protocol}`]
    .filter((word) => word !== undefined && word !== "")
    .join(" ");
}
