/**
 * Resources that may be on a bridge's host and in no state: the engine records a resource only when its maker has
 * reported it, and the maker may have been killed just before. A host that leaves loses them with its bridge.
 */
import * as boot from "../../boot/script.js";
import type { OnHost, Remembered, Unrecorded } from "../../engine/kind.js";
import { isLeftover } from "../../facts/files.js";
import * as ip from "../../facts/iproute.js";
import { partsDirectory } from "../../facts/places.js";
import { printRange } from "../../plan/cidr.js";
import { forwardRule } from "../forward/index.js";
import { networkOf, targetOf } from "../host/network.js";
import { masqueradeRule } from "../masquerade/index.js";
import { peerRoute } from "../route/index.js";
import { ownerOfSetting } from "./before.js";
import type { CheapSeen } from "./facts.js";
import type { Wanted } from "./keys.js";

/** A script that names this host's resource in its own first lines, with its subject. */
interface Named {
  readonly kind: "masquerade" | "forward" | "route";
  readonly subject: string;
  /** The holder's id after the host's name: "masquerade", "to/beta". */
  readonly role: string;
}

export function unrecorded(held: Wanted & OnHost & Remembered, seen: CheapSeen): readonly Unrecorded[] {
  // What is on the host then is the successor's.
  if (ownerOfSetting({ ...held, id: `${held.host}/bridge` }, seen) !== undefined) return [];
  const on = { host: held.host, endpoint: held.endpoint };
  const named = [...scripts(held.host, seen), ...formerScripts(held.host, seen)];
  const subjects = (kind: Named["kind"]) => named.filter((each) => each.kind === kind);
  // The rules of a host are about its own subnet: docker0's own network, or the pool around it.
  const ranges = [printRange(networkOf(held.bip)), ...(held.pools ?? [])];
  const all = (kind: "masquerade" | "forward") => [
    ...new Set([...ranges, ...subjects(kind).map(({ subject }) => subject)]),
  ];
  return [
    ...all("masquerade").map(
      (source): Unrecorded =>
        (use) =>
          use(masqueradeRule, { ...on, source, exclude: [] }),
    ),
    ...all("forward").map((subject): Unrecorded => {
      const [destination = "", ...ports] = subject.split(" ");
      const limited = ports.length === 0 ? {} : { ports };
      return (use) => use(forwardRule, { ...on, destination, sources: [], ...limited });
    }),
    ...seen.routes.flatMap((route) => routeOrphan(route, on, subjects("route"), seen)),
  ];
}

/** A route of ours is recognised by its protocol number. One whose script is there goes with that script. */
function routeOrphan(
  route: ip.Route,
  on: OnHost,
  named: readonly Named[],
  seen: CheapSeen,
): readonly Unrecorded[] {
  const { protocol, gateway } = route;
  const range = targetOf(route);
  if (protocol !== ip.protocol || gateway === undefined || range === undefined) return [];
  const destination = printRange(range);
  if (boot.keptScripts("route", seen.scripts).some(({ subject }) => subject === destination)) return [];
  // Only the script of a route names the peer. Without one the route is found by its gateway.
  const peer = named.find(({ subject }) => subject === destination)?.role.replace("to/", "") ?? gateway;
  return [(use) => use(peerRoute, { ...on, peer, destination, gateway })];
}

function scripts(host: string, seen: CheapSeen): readonly Named[] {
  return (["masquerade", "forward"] as const).flatMap((kind) =>
    boot
      .keptScripts(kind, seen.scripts)
      .filter(({ holder }) => holder.startsWith(`${host}/`))
      .map(({ subject, holder }) => ({ kind, subject, role: holder.slice(host.length + 1) })),
  );
}

/** Of dockroute 0.1.0: the second line names the holder, and the third has the range in a sentence. */
function formerScripts(host: string, seen: CheapSeen): readonly Named[] {
  return [...seen.scripts.files].flatMap(([path, text]): readonly Named[] => {
    if (!path.startsWith(`${partsDirectory}/`) || isLeftover(path)) return [];
    const [, holder = "", about = ""] = text.split("\n");
    const role = holder.startsWith(`# dockroute ${host}/`) ? holder.slice(`# dockroute ${host}/`.length) : "";
    const subject = /\d+\.\d+\.\d+\.\d+\/\d+/.exec(about)?.[0];
    const kind = role.startsWith("to/") ? "route" : role;
    if (subject === undefined || (kind !== "route" && kind !== "masquerade" && kind !== "forward")) return [];
    return [{ kind, subject, role }];
  });
}
