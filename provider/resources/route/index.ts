/**
 * PeerRoute: on the host, the range `destination` is reached through the peer's address `gateway`.
 *
 * It is a kernel route with dockroute's own protocol number, in the main table, and a part under
 * /etc/dockroute that puts it back at boot and after each start of Docker.
 */
import { z } from "zod";
import * as parts from "../../boot/script.js";
import type { Command } from "../../engine/command.js";
import type { Fault } from "../../engine/errors/fault.js";
import type { Kind, OnHost } from "../../engine/kind.js";
import * as ip from "../../facts/iproute.js";
import { address, hostName, nic, onHost, range, read } from "../host/inputs.js";
import {
  absentNics,
  covers,
  type Ground,
  gatewayTo,
  linkOf,
  nics,
  questions,
  readGround,
  routedWithin,
} from "../host/network.js";

export interface PeerRouteInputs extends OnHost {
  /** The peer's name; with the host's it names the resource. Another peer replaces it. @example "beta" */
  readonly peer: string;
  /** The range that is reached, the peer's part of the plan. Another range replaces it. @example "172.30.2.0/24" */
  readonly destination: string;
  /** The next hop: the peer's own address, which must be on a link of this host. @example "192.168.145.129" */
  readonly gateway: string;
  /** The link to the next hop. @default the link whose network holds the gateway @example "eth0" */
  readonly interface?: string | undefined;
}

export interface PeerRouteSeen extends Ground {
  readonly parts: parts.PartsSeen;
}

const schema = z.strictObject({
  ...onHost,
  peer: hostName,
  destination: range,
  gateway: address,
  interface: nic.optional(),
});

export const peerRoute: Kind<PeerRouteInputs, PeerRouteSeen> = {
  changes: { peer: "replace", destination: "replace", gateway: "update", interface: "update" },
  id: ({ host, peer }) => `${host}/to/${peer}`,
  check: (raw) => read(schema, raw),
  look: {
    questions: [...questions, ...parts.questions],
    read: (_, answers) => {
      const [files, links] = answers.slice(questions.length);
      if (files === undefined || links === undefined) throw new Error("two answers on parts are missing");
      return { ...readGround(answers), parts: parts.readParts(files, links) };
    },
  },

  objections(desired, seen) {
    const found = routeOf(desired, seen);
    const foreign =
      found === undefined ||
      found.protocol === ip.protocol ||
      // docker0 leaves this range before the route is made: a plan may give its old one to a peer.
      found.interface === "docker0" ||
      sameWay(found, desired, seen)
        ? []
        : [
            fault(
              "destination",
              `${desired.destination} is routed already, by someone else: ${inWords(found)}; remove that route first`,
            ),
          ];
    return [
      ...covers("destination", desired.destination, seen, ["docker0"]),
      ...(desired.interface === undefined ? [] : absentNics("interface", [desired.interface], seen)),
      ...unreachableGateway(desired, seen),
      ...foreign,
      ...routedWithin("destination", desired.destination, seen),
    ];
  },

  steps(desired, seen) {
    const part = partOf(desired, seen);
    const found = routeOf(desired, seen);
    const why = `put the route to ${desired.destination} through ${desired.gateway} (${desired.peer}) in place`;
    return [
      ...(found !== undefined && sameWay(found, desired, seen) ? [] : [parts.load(part, why)]),
      ...parts.keep(part, seen.parts),
    ];
  },

  undo(held, seen) {
    const found = routeOf(held, seen);
    const ours = found?.protocol === ip.protocol && found.gateway === held.gateway;
    const route: readonly Command[] = ours ? [ip.deleteRoute(held)] : [];
    // The part first: the repair would put the route back.
    return [...parts.drop(partOf(held, seen), seen.parts), ...route];
  },

  // It depends on the peer's bridge too: a failed delete would keep that one from being restored.
  takenAlongBy: bridgeOf,
  restore: () => [],
  gone: (held, seen) => routeOf(held, seen) === undefined && !parts.holds(partOf(held, seen), seen.parts),

  observed(held, seen) {
    const found = routeOf(held, seen);
    if (found?.gateway === undefined) return {};
    const link = held.interface === undefined ? {} : { interface: found.interface };
    return { gateway: found.gateway, ...link };
  },

  drift(held, seen) {
    const found = routeOf(held, seen);
    // Such a route has no gateway that could be shown as another value of the input.
    const noGateway = found !== undefined && found.gateway === undefined;
    const wrongLink =
      noGateway ||
      (held.interface === undefined && found !== undefined && found.interface !== linkFor(held, seen));
    return [
      ...(found === undefined ? [`route to ${held.destination}: absent`] : []),
      ...(wrongLink ? [`route to ${held.destination}: ${inWords(found)}`] : []),
      ...parts.missing(partOf(held, seen), seen.parts),
    ];
  },
};

/** The id of the bridge that takes along the routes that its host could not be rid of in time. */
function bridgeOf({ host }: Pick<OnHost, "host">): string {
  return `${host}/bridge`;
}

/** What rids a host of the routes that were left to its bridge: their parts still bear their names. */
export function dropLeft({ host }: Pick<OnHost, "host">, seen: PeerRouteSeen): readonly Command[] {
  const left = parts.heldBy(`${host}/to/`, seen.parts);
  const routes = left.flatMap(({ name }) => {
    const destination = parts.rangeOf(name.replace(/^route-/, ""));
    const found = seen.routes.find((route) => route.destination === destination.replace(/\/32$/, ""));
    const ours = found?.protocol === ip.protocol && found.gateway !== undefined;
    return ours ? [ip.deleteRoute({ destination, gateway: found.gateway })] : [];
  });
  return [...routes, ...parts.dropAll(left, seen.parts)];
}

/** Of the part that keeps the route to this range. */
export function nameFor(destination: string): string {
  return `route-${parts.nameOf(destination)}`;
}

function partOf(wanted: PeerRouteInputs, seen: Ground): parts.Part {
  return {
    name: nameFor(wanted.destination),
    holder: peerRoute.id(wanted),
    about: `The route to ${wanted.peer}: ${wanted.destination} is reached through ${wanted.gateway}.`,
    lines: [ip.replaceRoute({ ...wanted, interface: linkFor(wanted, seen) })],
  };
}

/** Without an `interface`, the link that holds the gateway. An `objection` has been raised where there is none. */
function linkFor(wanted: PeerRouteInputs, seen: Ground): string {
  return wanted.interface ?? linkOf(seen, wanted.gateway) ?? "";
}

/** The kernel prints the route to one address without its "/32". */
function routeOf({ destination }: PeerRouteInputs, seen: Ground): ip.Route | undefined {
  const printed = destination.replace(/\/32$/, "");
  return seen.routes.find((route) => route.destination === printed && (route.metric ?? 0) === 0);
}

function sameWay(found: ip.Route, wanted: PeerRouteInputs, seen: Ground): boolean {
  return found.gateway === wanted.gateway && found.interface === linkFor(wanted, seen);
}

function unreachableGateway(desired: PeerRouteInputs, seen: Ground): readonly Fault[] {
  if (linkOf(seen, desired.gateway) !== undefined) return [];
  const links = nics(seen).map(({ name, addresses }) => `${name} (${addresses.join(", ")})`);
  return [
    fault(
      "gateway",
      `${desired.gateway} (${desired.peer}) is on no link of ${desired.host}, which has ${links.join(", ")}: ` +
        `${gatewayTo(seen, desired.gateway)}; a direct route needs both on one layer-2 network, so an address of such a link is allowed`,
    ),
  ];
}

function inWords({ destination, gateway, interface: link, protocol }: ip.Route): string {
  return [destination, gateway && `via ${gateway}`, link && `dev ${link}`, protocol && `proto ${protocol}`]
    .filter((word) => word !== undefined && word !== "")
    .join(" ");
}

function fault(property: string, reason: string): Fault {
  return { property, reason };
}
