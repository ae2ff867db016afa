/**
 * PeerRoute: on the host, the range `destination` is reached through the peer's address `gateway`.
 *
 * It is a kernel route with dockroute's own protocol number, in the main table, and a script under
 * /etc/dockroute that puts it back at boot and after each start of Docker.
 */
import { z } from "zod";
import * as boot from "../../boot/script.js";
import { type Claim, type Claims, state } from "../../engine/claim.js";
import type { Seen } from "../../engine/fact.js";
import type { Kind, OnHost, Remembered } from "../../engine/kind.js";
import * as rules from "../../facts/ip-rules.js";
import * as ip from "../../facts/iproute.js";
import { address, hostName, nic, onHost, range, read } from "../host/inputs.js";
import { absentNics, covers, linkOf, network, routedWithin } from "../host/network.js";
import { diverted, unreachableGateway } from "./judge.js";
import { routeTo } from "./left-behind.js";

export interface PeerRouteInputs extends OnHost {
  /** The peer's name; with the host's it names the resource. Another peer replaces it. @example "beta" */
  readonly peer: string;
  /** The range that is reached, the peer's subnet. Another range replaces it. @example "172.30.2.0/24" */
  readonly destination: string;
  /** The next hop: the peer's own address, which must be on a link of this host. @example "192.168.145.129" */
  readonly gateway: string;
  /** The link to the next hop. @default the link whose network holds the gateway @example "eth0" */
  readonly interface?: string | undefined;
}

const schema = z.strictObject({
  ...onHost,
  peer: hostName,
  destination: range,
  gateway: address,
  interface: nic.optional(),
});

const facts = {
  ...network,
  policy: rules.policy,
  ways: ip.waysTo(({ gateway }: Pick<PeerRouteInputs, "gateway">) => [gateway]),
  scripts: boot.scripts,
};
type PeerRouteSeen = Seen<typeof facts>;

export const peerRoute: Kind<PeerRouteInputs, typeof facts> = {
  changes: { peer: "replace", destination: "replace", gateway: "update", interface: "update" },
  id: ({ host, peer }) => `${host}/to/${peer}`,
  check: (raw) => read(schema, raw),
  facts,

  claims(wanted, seen) {
    const script = scriptOf(wanted, seen);
    const route = routeOf(wanted, seen);
    const is = state(route !== undefined && sameWay(route, wanted, seen), route !== undefined);
    const notOurs = ownerOf(route, script, seen);
    const claim: Claim = {
      what: `route to ${wanted.destination}`,
      is,
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
    const kept = boot.keptAtBoot(script, seen.scripts);
    return [claim, ...(is === "so" && typeof notOurs === "object" ? leftToStranger(kept) : kept)];
  },

  observed(wanted, seen) {
    const route = routeOf(wanted, seen);
    if (route?.gateway === undefined) return {};
    const link = wanted.interface === undefined ? {} : { interface: route.interface };
    return { gateway: route.gateway, ...link };
  },

  judge: (wanted, seen) => ({
    refuse: [
      ...covers("destination", wanted.destination, seen, ["docker0"]),
      ...(wanted.interface === undefined ? [] : absentNics("interface", [wanted.interface], seen)),
      ...unreachableGateway(wanted, seen),
      ...diverted(wanted, seen),
      ...routedWithin("destination", wanted.destination, seen),
    ],
  }),

  // It depends on the peer's bridge too: a failed delete would keep that bridge from being restored.
  orphans: { heir: ({ host }) => `${host}/bridge` },
};

function scriptOf(wanted: PeerRouteInputs & Remembered, seen: PeerRouteSeen): boot.Script {
  return {
    ...{ kind: "route", subject: wanted.destination },
    holder: { ...wanted, id: peerRoute.id(wanted) },
    about: `The route to ${wanted.peer}: ${wanted.destination} is reached through ${wanted.gateway}.`,
    lines: [ip.replaceRoute({ ...wanted, interface: linkFor(wanted, seen) })],
    formerName: `route-${wanted.destination.replace("/", "_")}`,
  };
}

/** A stranger's route that already leads there stays the stranger's, at boot too: a script of ours would replace it. */
function leftToStranger(kept: Claims): Claims {
  return kept.flatMap(({ what, is, notOurs, remove }): Claims => {
    if (is === "absent" || notOurs !== undefined || "reason" in remove) return [];
    return [
      { what, is: "changed", found: "not needed, another program keeps this route", make: remove, remove },
    ];
  });
}

/** The kernel's word is the protocol number; which of our resources a route belongs to, its script says. */
function ownerOf(route: ip.Route | undefined, script: boot.Script, seen: PeerRouteSeen): Claim["notOurs"] {
  if (route === undefined) return undefined;
  if (route.protocol === ip.protocol) return boot.holderOf(script, seen.scripts);
  // docker0 leaves this range before the route is made: a plan may give its old one to a peer.
  if (route.interface === "docker0") return "another resource's";
  return {
    property: "destination",
    reason: `${script.subject} is routed already, by someone else: ${inWords(route)}; remove that route first`,
  };
}

/** Whether `observed` shows the difference as another gateway or interface. */
function isShown(route: ip.Route, wanted: PeerRouteInputs, seen: PeerRouteSeen): boolean {
  if (route.gateway === undefined) return false;
  return wanted.interface !== undefined || route.interface === linkFor(wanted, seen);
}

/** Without an `interface`, the link that holds the gateway. An `objection` has been raised where there is none. */
function linkFor(wanted: PeerRouteInputs, seen: PeerRouteSeen): string {
  return wanted.interface ?? linkOf(seen, wanted.gateway) ?? "";
}

function routeOf({ destination }: PeerRouteInputs, seen: PeerRouteSeen): ip.Route | undefined {
  return routeTo(destination, seen);
}

function sameWay(found: ip.Route, wanted: PeerRouteInputs, seen: PeerRouteSeen): boolean {
  return found.gateway === wanted.gateway && found.interface === linkFor(wanted, seen);
}

function inWords({ destination, gateway, interface: link, protocol }: ip.Route): string {
  return [destination, gateway && `via ${gateway}`, link && `dev ${link}`, protocol && `proto ${protocol}`]
    .filter((word) => word !== undefined && word !== "")
    .join(" ");
}
