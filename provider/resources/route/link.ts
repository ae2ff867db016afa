/**
 * What a route by a link has beside the route itself: the peer on the device, and a route of the last resort that refuses
 * what would leave unencrypted by the default route once the device is gone.
 */
import type * as boot from "../../boot/script.js";
import { pathOf } from "../../boot/script.js";
import { type Claim, type Claims, outdated, state } from "../../engine/claim.js";
import type { Command, Line } from "../../engine/command.js";
import type * as ip from "../../facts/iproute.js";
import * as link from "../../facts/link-device.js";
import * as wireguard from "../../facts/wireguard.js";
import type { LinkToPeer } from "./link-form.js";

export interface LinkSeen {
  readonly links: readonly ip.Link[];
  readonly routes: readonly ip.Route[];
  readonly scripts: boot.ScriptsSeen;
  readonly wireguard?: wireguard.WireGuardSeen;
  readonly neighbours?: link.Neighbours;
}

/** The facts of a route that may lead by a link; nothing is asked for one that does not. */
export function linkFactsOf<I>(linksOf: (inputs: I) => readonly (LinkToPeer | undefined)[]) {
  return {
    wireguard: wireguard.wireguardOn(
      (inputs: I) => linksOf(inputs).find((each) => each?.publicKey !== undefined)?.device,
    ),
    neighbours: link.neighboursOn(
      (inputs: I) => linksOf(inputs).find((each) => each?.address !== undefined)?.device,
    ),
  };
}

/** A route as far as its link is concerned. */
export interface ByLink {
  readonly destination: string;
  readonly peer: string;
  readonly link?: LinkToPeer | undefined;
}

/** The lines of the script of a route by a link. The refusal stands before the route does. */
export function lines(destination: string, way: LinkToPeer): readonly Line[] {
  return [
    ...peerLines(destination, way),
    link.refuseInstead(destination),
    link.routeBy(way.device, destination, way.address),
  ];
}

function peerLines(
  range: string,
  { device, publicKey, endpoint, keepalive, address }: LinkToPeer,
): readonly Line[] {
  if (publicKey !== undefined) return wireguard.setPeer({ device, publicKey, range, endpoint, keepalive });
  if (address === undefined || endpoint === undefined) return [];
  return link.setNeighbour({ device, address, endpoint });
}

/** In words: "dr-wg", by which a peer is reached. */
export function inWords({ device, endpoint }: LinkToPeer): string {
  return endpoint === undefined ? device : `${device} to ${endpoint}`;
}

/**
 * What goes before the route.
 *
 * @param make loads the route's script
 * @param own the script's kind and subject
 */
export function before(wanted: ByLink, make: readonly Command[], own: Own, seen: LinkSeen): Claims {
  if (wanted.link === undefined) return [];
  const { destination } = wanted;
  const isThere = refusal(destination, seen) !== undefined;
  return [
    ...(wanted.link.publicKey === undefined
      ? neighbourClaims(wanted.link, make, seen)
      : peerClaims(wanted.link, wanted.link.publicKey, destination, make, own, seen)),
    {
      what: `route of the last resort to ${destination}`,
      is: isThere ? "so" : "absent",
      make,
      remove: [link.removeRefusal(destination)],
    },
  ];
}

type Own = Pick<boot.Script, "kind" | "subject">;

function peerClaims(
  way: LinkToPeer,
  publicKey: string,
  range: string,
  make: readonly Command[],
  own: Own,
  { wireguard: held, scripts }: LinkSeen,
): Claims {
  const { device, endpoint, keepalive } = way;
  const peers = held?.peers ?? [];
  const found = peers.find((peer) => peer.publicKey === publicKey);
  const isOurs = found?.ranges.includes(range) === true;
  const before = formerEndpoint(scripts.files.get(pathOf(own)) ?? "", publicKey);
  const moved = found !== undefined && before !== undefined && before !== endpoint;
  const differs = [
    ...(isOurs && found.ranges.length > 1 ? [`ranges ${found.ranges.join(", ")}`] : []),
    ...(found?.keepalive === keepalive ? [] : [`keepalive ${found?.keepalive ?? "off"}`]),
    // Only none is a fault: WireGuard learns another one from what the peer sends.
    ...(endpoint !== undefined && found?.endpoint === undefined ? ["no endpoint"] : []),
    ...(moved ? [`endpoint ${before}`] : []),
  ];
  const claim: Claim = {
    what: `peer ${publicKey} on ${device}`,
    is: state(isOurs && differs.length === 0, isOurs),
    ...(isOurs ? { found: differs.join(", ") } : {}),
    make: [...make, ...(moved ? wireguard.setEndpoint({ device, publicKey, range, endpoint }) : [])],
    remove: [wireguard.removePeer(device, publicKey, `remove the peer ${publicKey} from ${device}`)],
  };
  // WireGuard gives a range to the last peer that gets it, without a word: a former key goes first.
  const former = peers.filter((peer) => peer.publicKey !== publicKey && peer.ranges.includes(range));
  return [
    ...former.flatMap((peer) => {
      const why = `remove the peer's former key from ${device}`;
      return outdated(`peer ${peer.publicKey} on ${device}`, [
        wireguard.removePeer(device, peer.publicKey, why),
      ]).map((each) => ({ ...each, found: "it has the range of another key" }));
    }),
    claim,
  ];
}

function formerEndpoint(text: string, publicKey: string): string | undefined {
  const words = text.split(/\s+/);
  const at = words.findIndex((word, index) => word === "endpoint" && words[index - 1] === publicKey);
  return at === -1 ? undefined : words[at + 1];
}

function neighbourClaims(
  { device, address = "", endpoint }: LinkToPeer,
  make: readonly Command[],
  { neighbours }: LinkSeen,
): Claims {
  const held = neighbours ?? { hosts: new Map(), macs: new Map() };
  const mac = link.macOf(address);
  const [host, hop] = [held.hosts.get(mac), held.macs.get(address)];
  const differs = [
    ...(host === endpoint ? [] : [`its host is ${host ?? "not known"}`]),
    ...(hop === mac ? [] : [`its MAC address is ${hop ?? "not known"}`]),
  ];
  return [
    {
      what: `peer ${address} on ${device}`,
      is: state(differs.length === 0, host !== undefined || hop !== undefined),
      ...(differs.length === 0 ? {} : { found: differs.join(", ") }),
      make,
      remove: link.removeNeighbour(device, address, held),
    },
  ];
}

/** What goes after the route: the peer of a link by which it led before. */
export function after(wanted: ByLink, own: Own, seen: LinkSeen): Claims {
  const unrefused = wanted.link === undefined && refusal(wanted.destination, seen) !== undefined;
  return outdated("former link", [
    ...formerPeer(own, seen, wanted.link?.device),
    ...(unrefused ? [link.removeRefusal(wanted.destination)] : []),
  ]).map((claim) => ({ ...claim, found: "of no use any more" }));
}

/**
 * Removes the peer that a route's script on the host names.
 *
 * @param except a device on which it is still wanted
 */
export function formerPeer(
  own: Own,
  { scripts, links }: Pick<LinkSeen, "scripts" | "links">,
  except?: string,
): readonly Command[] {
  const text = scripts.files.get(pathOf(own)) ?? "";
  const has = (device: string) => device !== except && links.some(({ name }) => name === device);
  const [, wg = "", key = ""] = /^wg set (\S+) peer (\S+) persistent-keepalive /m.exec(text) ?? [];
  const [, hop = "", vx = ""] = /^ip neigh replace (\S+) lladdr \S+ dev (\S+) /m.exec(text) ?? [];
  return [
    ...(has(wg)
      ? [wireguard.removePeer(wg, key, `remove the peer ${key}, which ${wg} no longer leads to`)]
      : []),
    ...(has(vx) ? [link.forgetNeighbour(vx, hop)] : []),
  ];
}

/** Our route of the last resort, also where nothing else is left of a link. */
export function refusal(destination: string, { routes }: Pick<LinkSeen, "routes">): ip.Route | undefined {
  return routes.find(
    (route) =>
      route.isUnreachable === true &&
      route.metric === link.fallbackMetric &&
      route.destination === destination.replace(/\/32$/, ""),
  );
}
