/** Each host of the plan beside what is wanted of it. */
import { cannotBeAsked } from "../engine/errors/host.js";
import type { Seen } from "../engine/fact.js";
import { cleaned } from "../engine/printable.js";
import { type Survey, survey } from "../engine/survey.js";
import { newestQuestion, readNewest } from "../facts/files.js";
import { directory } from "../facts/places.js";
import { handshakesQuestion, readHandshakes } from "../facts/wireguard.js";
import type { Host } from "../host/host.js";
import { addressOf } from "../resources/bridge/facts.js";
import { dockerBridge } from "../resources/bridge/index.js";
import { forwardRule } from "../resources/forward/index.js";
import { hostLink } from "../resources/link/index.js";
import { masqueradeRule } from "../resources/masquerade/index.js";
import { type PeerRouteInputs, peerRoute } from "../resources/route/index.js";
import { areTogether, peerRoutes, together } from "../resources/routes/index.js";
import type { Member, Site } from "./member.js";

/** One host, as `--json` prints it. */
export interface HostStatus {
  readonly host: string;
  readonly endpoint: string;
  readonly reached: boolean;
  /** The reason for which the host was not reached. */
  readonly reason?: string;
  readonly docker?: string;
  /** "iptables", "iptables+firewalld" or "nftables". */
  readonly firewall?: string;
  /** docker0's address on the host; `wantedBridge` is that of the plan. */
  readonly bridge?: string;
  readonly wantedBridge: string;
  readonly routes: Count;
  readonly rules: Count;
  /** Drift, by resource: "alpha/to/beta: route to 172.30.1.0/24: absent". */
  readonly drift: readonly string[];
  /** Faults that no `up` mends: another program's rule, a firewalld that was started after Docker. */
  readonly warnings: readonly string[];
  /** The way to each peer, by its name, where not every way is direct. */
  readonly ways?: Readonly<Record<string, WayStatus>>;
  /** The time at which dockroute last wrote something on the host. */
  readonly changed?: string;
}

export interface WayStatus {
  readonly way: "direct" | "routed" | "wireguard" | "vxlan";
  /** WireGuard: the time of the last handshake. None was made if it is missing; without traffic an old one is no fault. */
  readonly handshake?: string;
}

export interface Count {
  readonly well: number;
  readonly wanted: number;
}

export function statusOf(site: Site): Promise<readonly HostStatus[]> {
  return Promise.all(site.members.map(hostStatus));
}

export async function hostStatus({ name, declared, plan, host }: Member): Promise<HostStatus> {
  const { bridge, masquerade, forward, link, routes } = declared;
  const base = { host: name, endpoint: host.endpoint, wantedBridge: plan.bridgeAddress };
  const none = (wanted: number): Count => ({ well: 0, wanted });
  try {
    const [ofBridge, newest, ofRules, ofRoutes, ofLink, ways] = await Promise.all([
      survey(dockerBridge, bridge, host),
      host.read([newestQuestion(directory)]),
      Promise.all([
        ...(masquerade === undefined ? [] : [survey(masqueradeRule, masquerade, host)]),
        ...(forward === undefined ? [] : [survey(forwardRule, forward, host)]),
      ]),
      routesOf(routes, host),
      link === undefined ? [] : survey(hostLink, link, host).then((one) => [one]),
      waysOf(routes, host),
    ]);
    const { daemon } = ofBridge.seen;
    const bip = addressOf(ofBridge.seen);
    const changed = newest[0] === undefined ? undefined : readNewest(newest[0]);
    return cleaned<HostStatus>({
      ...base,
      reached: true,
      ...(daemon.version === undefined
        ? {}
        : { docker: daemon.version, firewall: daemon.firewall ?? "iptables" }),
      ...(bip === undefined ? {} : { bridge: bip }),
      routes: ofRoutes.count,
      rules: count(ofRules),
      drift: [
        ...notReady(ofBridge),
        ...[ofBridge, ...ofLink, ...ofRules, ...ofRoutes.surveys].flatMap(words),
      ],
      warnings: ofRules.flatMap(({ warnings }) => warnings.map((text) => `${name}: ${text}`)),
      ...(ways === undefined ? {} : { ways }),
      ...(changed === undefined ? {} : { changed: changed.toISOString() }),
    });
  } catch (error) {
    if (!cannotBeAsked(error)) throw error;
    const rules = (masquerade === undefined ? 0 : 1) + (forward === undefined ? 0 : 1);
    const counts = { routes: none(routes.length), rules: none(rules) };
    return { ...base, reached: false, reason: error.reason, ...counts, drift: [], warnings: [] };
  }
}

/** undefined where every way is direct, as in a mesh of one site. */
async function waysOf(routes: readonly PeerRouteInputs[], host: Host): Promise<HostStatus["ways"]> {
  if (routes.every(({ link, routed }) => link === undefined && routed !== true)) return undefined;
  const device = routes.find(({ link }) => link?.publicKey !== undefined)?.link?.device;
  const [answer] = device === undefined ? [] : await host.read([handshakesQuestion(device)]);
  const handshakes = answer === undefined ? new Map<string, Date>() : readHandshakes(answer);
  return Object.fromEntries(routes.map((route) => [route.peer, wayOf(route, handshakes)]));
}

function wayOf({ link, routed }: PeerRouteInputs, handshakes: ReadonlyMap<string, Date>): WayStatus {
  if (link === undefined) return { way: routed === true ? "routed" : "direct" };
  if (link.publicKey === undefined) return { way: "vxlan" };
  const handshake = handshakes.get(link.publicKey)?.toISOString();
  return { way: "wireguard", ...(handshake === undefined ? {} : { handshake }) };
}

interface Routes {
  readonly surveys: readonly Survey<unknown>[];
  readonly count: Count;
}

/** One resource a peer or one for all: the host itself shows which, and both ask it the same. */
async function routesOf(routes: readonly PeerRouteInputs[], host: Host): Promise<Routes> {
  const wanted = together(routes);
  if (wanted === undefined) return { surveys: [], count: count([]) };
  const all = await survey(peerRoutes, wanted, host);
  if (!areTogether(wanted.host, all.seen)) {
    const surveys = await Promise.all(routes.map((route) => survey(peerRoute, route, host)));
    return { surveys, count: count(surveys) };
  }
  const isWellFor = ({ peer }: PeerRouteInputs) => !all.parts.has(undefined) && !all.parts.has(peer);
  return { surveys: [all], count: { well: routes.filter(isWellFor).length, wanted: routes.length } };
}

function notReady({ id, seen }: Survey<Seen<typeof dockerBridge.facts>>): readonly string[] {
  return (dockerBridge.disruptive?.notReady(seen) ?? []).map((text) => `${id}: ${text}`);
}

function count(surveys: readonly Survey<unknown>[]): Count {
  return { well: surveys.filter(isWell).length, wanted: surveys.length };
}

function isWell({ drift, due }: Survey<unknown>): boolean {
  return drift.length === 0 && due.length === 0;
}

/** The drift in words; a pending change that no drift explains is named by itself. */
function words({ id, drift, due }: Survey<unknown>): readonly string[] {
  return (drift.length > 0 ? drift : due.map((why) => `due: ${why}`)).map((text) => `${id}: ${text}`);
}
