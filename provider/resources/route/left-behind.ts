/** The routes that were left to a host's bridge because the host could not be reached during their delete. */
import * as boot from "../../boot/script.js";
import { type Claims, ifThere } from "../../engine/claim.js";
import { removeFile, removeWithFolders } from "../../facts/files.js";
import { partsDirectory } from "../../facts/places.js";
import { formerScripts } from "../host/former.js";
import { type RouteSeen, removeRouteTo } from "./claims.js";

/** Their scripts name them, one by one or all of the host. */
export function routesLeftBehind(host: string, seen: Pick<RouteSeen, "routes" | "scripts">): Claims {
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
