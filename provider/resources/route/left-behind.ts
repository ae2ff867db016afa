/** Routes of ours that no resource holds any more, found by the scripts on the host. */
import * as boot from "../../boot/script.js";
import { type Claims, ifThere } from "../../engine/claim.js";
import type { Command } from "../../engine/command.js";
import { removeFile, removeWithFolders } from "../../facts/files.js";
import * as ip from "../../facts/iproute.js";
import { isLinkDevice, removeRefusal, removeRouteBy } from "../../facts/link-device.js";
import { partsDirectory } from "../../facts/places.js";
import { formerScripts } from "../host/former.js";
import { refusal } from "./link.js";

interface RoutesSeen {
  readonly routes: readonly ip.Route[];
  readonly scripts: boot.ScriptsSeen;
}

/**
 * The routes that were left to this host's bridge because the host could not be reached: their scripts name them, one
 * by one or as all of the host.
 */
export function routesLeftBehind(host: string, seen: RoutesSeen): Claims {
  const kept = boot
    .keptScripts("route", seen.scripts)
    .filter(({ holder }) => holder.startsWith(`${host}/to/`) || holder === `${host}/routes`)
    .map(({ path, subject }) => ({ path, subject, remove: removeFile(path, `remove ${path}`) }));
  const former = formerScripts(host, seen.scripts)
    .filter(({ kind }) => kind === "route")
    .map(({ path, subject }) => ({
      path,
      subject,
      remove: removeWithFolders([path], [partsDirectory], `remove ${path}`),
    }));
  return [...kept, ...former].flatMap(
    ({ path, subject, remove }): Claims => [
      ...ifThere(`route to ${subject}`, removeRouteTo(subject, seen)),
      ...ifThere(path, [remove]),
    ],
  );
}

/** [] where the kernel has no route of ours to this range. */
export function removeRouteTo(destination: string, seen: Pick<RoutesSeen, "routes">): readonly Command[] {
  const found = routeTo(destination, seen);
  const route = found?.protocol === ip.protocol ? removalOf(destination, found) : [];
  const isRefused = refusal(destination, seen) !== undefined;
  return [...route, ...(isRefused ? [removeRefusal(destination)] : [])];
}

/** The kernel prints the route to one address without its "/32". */
export function routeTo(destination: string, seen: Pick<RoutesSeen, "routes">): ip.Route | undefined {
  const printed = destination.replace(/\/32$/, "");
  return seen.routes.find((route) => route.destination === printed && (route.metric ?? 0) === 0);
}

/** [] where it is no route that dockroute makes. */
export function removalOf(destination: string, route: ip.Route | undefined): readonly Command[] {
  if (route?.interface !== undefined && isLinkDevice(route.interface))
    return [removeRouteBy(route.interface, destination)];
  return route?.gateway === undefined ? [] : [ip.deleteRoute({ destination, gateway: route.gateway })];
}
