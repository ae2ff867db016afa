/**
 * Resources that may be on a bridge's host and in no state: the engine records a resource only when its maker has
 * reported it, and the maker may have been killed just before. A host that leaves loses them with its bridge.
 */
import * as boot from "../../boot/script.js";
import type { OnHost, Remembered, Unrecorded } from "../../engine/kind.js";
import * as ip from "../../facts/iproute.js";
import { devices } from "../../facts/link-device.js";
import { printRange } from "../../plan/cidr.js";
import { forwardRule } from "../forward/index.js";
import { formerScripts } from "../host/former.js";
import { networkOf, targetOf } from "../host/network.js";
import { lanNetwork } from "../lan/index.js";
import { hostLink } from "../link/index.js";
import { masqueradeRule } from "../masquerade/index.js";
import { peerRoute } from "../route/index.js";
import { ownerOfSetting } from "./before.js";
import type { CheapSeen } from "./facts.js";
import type { Wanted } from "./keys.js";

export function unrecorded(held: Wanted & OnHost & Remembered, seen: CheapSeen): readonly Unrecorded[] {
  // The things on the host then are the successor's.
  if (ownerOfSetting({ ...held, id: `${held.host}/bridge` }, seen) !== undefined) return [];
  const on = { host: held.host, endpoint: held.endpoint };
  const former = formerScripts(held.host, seen.scripts);
  const subjects = (kind: "masquerade" | "forward") => [
    ...boot.keptScripts(kind, seen.scripts).filter(({ holder }) => holder.startsWith(`${held.host}/`)),
    ...former.filter((each) => each.kind === kind),
  ];
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
    ...lanOrphans(on, seen),
    ...seen.routes.flatMap((route) => routeOrphan(route, on, seen)),
    ...linkOrphans(on, seen),
  ];
}

/** A link of which there is a device or a script. Its peers go with its device. */
function linkOrphans(on: OnHost, { links, scripts }: CheapSeen): readonly Unrecorded[] {
  const kept = boot.keptScripts("link", scripts).filter(({ holder }) => holder.startsWith(`${on.host}/`));
  const kinds = (["wireguard", "vxlan"] as const).filter(
    (kind) =>
      kept.some(({ subject }) => subject === devices[kind]) ||
      links.some(({ name }) => name === devices[kind]),
  );
  const address = "0.0.0.0/32";
  return kinds.map(
    (kind): Unrecorded =>
      (use) =>
        use(hostLink, { ...on, kind, address, sources: [] }),
  );
}

/**
 * A route of ours is recognised by its protocol number. One whose script is there goes with that script; of one without
 * a script, nothing on the host names the peer.
 */
function routeOrphan(route: ip.Route, on: OnHost, seen: CheapSeen): readonly Unrecorded[] {
  const { protocol, gateway } = route;
  const range = targetOf(route);
  const isRefusal = route.isUnreachable === true;
  if (protocol !== ip.protocol || range === undefined || (gateway === undefined && !isRefusal)) return [];
  const destination = printRange(range);
  const kept = [...boot.keptScripts("route", seen.scripts), ...formerScripts(on.host, seen.scripts)];
  if (kept.some(({ kind, subject }) => kind === "route" && subject === destination)) return [];
  const way = gateway === undefined ? {} : { gateway };
  return [(use) => use(peerRoute, { ...on, peer: gateway ?? "link", destination, ...way })];
}

/** Everything of a network on the LAN is found by its name; the other inputs only have to be readable. */
function lanOrphans(on: OnHost, { scripts }: CheapSeen): readonly Unrecorded[] {
  const rest = {
    driver: "macvlan",
    subnet: "192.0.2.0/24",
    gateway: "192.0.2.1",
    range: "192.0.2.0/24",
  } as const;
  return boot
    .keptScripts("lan", scripts)
    .filter(({ holder }) => holder.startsWith(`${on.host}/lan/`))
    .map(
      ({ subject: name }): Unrecorded =>
        (use) =>
          use(lanNetwork, { ...on, ...rest, name, reserved: [], hostAccess: true, moveContainers: false }),
    );
}
