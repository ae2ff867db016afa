/** The routes that a host has for an id: what an import of a PeerRoute or a PeerRoutes takes over. */
import * as boot from "../../boot/script.js";
import type { Seen } from "../../engine/fact.js";
import type { Imported } from "../../engine/kind.js";
import type { common } from "./claims.js";
import { routeTo } from "./left-behind.js";

export interface Found {
  readonly destination: string;
  readonly gateway: string;
  readonly interface?: string;
}

/**
 * The route whose script names the id; without one, the only route through the peer's address, which somebody may have
 * made by hand. Several of those cannot be told apart.
 */
export function waysFound(
  id: string,
  peer: string,
  { addresses }: Imported,
  seen: Seen<typeof common>,
): readonly Found[] {
  const address = addresses.get(peer);
  const own = keptBy(id, seen).flatMap((destination) => found(destination, seen, address));
  if (own.length > 0) return own;
  const through = seen.routes.filter(
    ({ gateway, destination }) =>
      gateway === address && /\//.test(destination) && destination !== "0.0.0.0/0",
  );
  return address === undefined || through.length !== 1
    ? []
    : through.flatMap(({ destination }) => found(destination, seen, address));
}

/** The ranges of the scripts that the resource holds. */
export function keptBy(id: string, seen: Pick<Seen<typeof common>, "scripts">): readonly string[] {
  return boot
    .keptScripts("route", seen.scripts)
    .flatMap((kept) => (kept.holder === id ? [kept.subject] : []));
}

/** @param expected the peer's address, for a route that is not in the kernel just now */
export function found(
  destination: string,
  seen: Pick<Seen<typeof common>, "routes">,
  expected?: string,
): readonly Found[] {
  const route = routeTo(destination, seen);
  const gateway = route?.gateway ?? expected;
  if (gateway === undefined) return [];
  return [
    { destination, gateway, ...(route?.interface === undefined ? {} : { interface: route.interface }) },
  ];
}
