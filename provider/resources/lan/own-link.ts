/** The host's own link to its containers, and the routes that go with it. */
import { type Claims, outdated, state } from "../../engine/claim.js";
import type { Command } from "../../engine/command.js";
import * as link from "../../facts/ip-links.js";
import * as ip from "../../facts/iproute.js";
import { routeTo } from "../route/left-behind.js";
import type { ClaimsSeen } from "./claims.js";
import { holds, type LanNetworkInputs } from "./inputs.js";
import { type Layout, ownLinkName } from "./layout.js";

/** @param load makes the link and its routes */
export function ownLinkClaim(
  wanted: LanNetworkInputs,
  { own }: Layout,
  seen: ClaimsSeen,
  load: Command,
): Claims {
  const name = ownLinkName(wanted);
  const what = `the host's link ${name} to its containers on ${wanted.name}`;
  const there = seen.kinds.find((each) => each.name === name);
  const remove = link.deleteLink(name, `remove ${what}`);
  const routes = routesBeside(wanted, seen);
  const extra = routes.filter(({ destination }) => own?.beside.includes(destination) !== true);
  const drop = (some: readonly ip.Route[]) =>
    some.map(({ destination, interface: on = "" }) => link.deleteRouteOn(on, destination));
  if (own === undefined) return there === undefined ? [] : outdated(what, [...drop(routes), remove]);
  const isOfKind = there?.kind === own.kind && there.below === own.parent;
  const found = !isOfKind ? ["of another kind or parent"] : lacking(own, there, seen);
  const wrong = [
    ...(there === undefined ? ["absent"] : found),
    ...extra.map(({ destination }) => `a route to ${destination}`),
  ];
  return [
    {
      ...{ what, is: state(wrong.length === 0, there !== undefined) },
      ...(wrong.length === 0 ? {} : { found: wrong.join(", ") }),
      make: [...(there === undefined || isOfKind ? [] : [remove]), ...drop(extra), load],
      remove: [...drop(routes), remove],
    },
  ];
}

/** Routes of ours to single machines in the range. */
function routesBeside(wanted: LanNetworkInputs, { routes }: ClaimsSeen): readonly ip.Route[] {
  const own = ownLinkName(wanted);
  return routes.filter(
    ({ destination, gateway, protocol, interface: on }) =>
      protocol === ip.protocol && gateway === undefined && on !== own && holds(wanted.range, destination),
  );
}

/** The properties that a link of the right kind lacks, in words. */
function lacking(own: link.OwnLink, there: link.KindOfLink, { links, arp, ...seen }: ClaimsSeen): string[] {
  const route = routeTo(own.range, seen);
  const addresses = links.find(({ name }) => name === own.name)?.addresses ?? [];
  const hasAddress = addresses.includes(`${own.asker}/32`);
  return [
    ...(there.isUp ? [] : ["down"]),
    ...(arp === true ? [] : ["without arp_filter or arp_announce"]),
    ...(hasAddress ? [] : [`without ${own.asker}`]),
    ...own.beside
      .filter((each) => routeTo(`${each}/32`, seen)?.interface !== own.parent)
      .map((each) => `no route to ${each} by ${own.parent}`),
    ...(route?.interface === own.name && route.source === own.source
      ? []
      : [`no route to ${own.range} by it`]),
  ];
}
