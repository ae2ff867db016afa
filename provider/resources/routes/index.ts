/**
 * PeerRoutes: on the host, the ranges of all its peers are reached through the peers' addresses.
 *
 * On the host it is the same as one PeerRoute for each peer, route by route and script by script, but for the holder
 * that the scripts name. Each peer is a part of its own: one that is refused or fails keeps no other from its route.
 */
import { z } from "zod";
import * as boot from "../../boot/script.js";
import { type Claim, type Claims, refusals } from "../../engine/claim.js";
import type { Fault } from "../../engine/errors/fault.js";
import { importsFrom, type Kind, type OnHost, type Remembered } from "../../engine/kind.js";
import * as ip from "../../facts/iproute.js";
import { hostName, onHost, read } from "../host/inputs.js";
import {
  common,
  isStrangers,
  notNeeded,
  observedRoute,
  oneWay,
  type PeerRouteInputs,
  type RouteSeen,
  routeClaim,
  routeClaims,
  routeFaults,
  scriptOf,
  type WayToPeer,
  wayForm,
} from "../route/claims.js";
import { found, keptBy } from "../route/found.js";
import { removeRouteTo } from "../route/left-behind.js";
import { formerPeer, linkFactsOf } from "../route/link.js";

export type { WayToPeer } from "../route/claims.js";

export interface PeerRoutesInputs extends OnHost {
  /** The way to each peer, by the peer's name. @example { beta: { destination: "172.30.2.0/24", gateway: "192.168.145.129" } } */
  readonly routes: Readonly<Record<string, WayToPeer>>;
}

export const routesForm = z.strictObject({
  ...onHost,
  routes: z
    .record(z.string(), wayForm.superRefine(oneWay).meta({ id: "WayToPeer" }))
    .superRefine((routes, context) => {
      const refuse = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
      const peers = new Map<string, string>();
      for (const [peer, { destination }] of Object.entries(routes)) {
        for (const { message } of hostName.safeParse(peer).error?.issues ?? []) refuse([peer], message);
        const other = peers.get(destination);
        if (other === undefined) peers.set(destination, peer);
        else refuse([peer, "destination"], `${destination} is the range of ${other} already`);
      }
      if (peers.size === 0) refuse([], "is empty: at least one peer is needed");
    }),
});

const facts = {
  ...common,
  ...linkFactsOf(({ routes }: Pick<PeerRoutesInputs, "routes">) =>
    Object.values(routes).map(({ link }) => link),
  ),
  ways: ip.waysTo(({ routes }: Pick<PeerRoutesInputs, "routes">) => [
    ...new Set(Object.values(routes).flatMap(({ gateway }) => gateway ?? [])),
  ]),
};

export const peerRoutes: Kind<PeerRoutesInputs, typeof facts> = {
  changes: { routes: "update" },
  id: ({ host }) => `${host}/routes`,
  check: (raw) => read(routesForm, raw),
  facts,

  claims(wanted, seen) {
    const all = seenRoutes(wanted, seen);
    const needed = all.filter(({ route }) => !isStrangers(route));
    const left = scriptsNotNeeded(needed, wanted, seen);
    const beside = boot.besideOf([...needed.map(({ script }) => script), ...left], seen.scripts);
    return [
      ...(needed.length + left.length === 0 ? [] : boot.unitsKept(beside, seen.scripts)),
      ...boot.unfinishedGone(beside, seen.scripts),
      ...all.flatMap((one) => claimsOf(one, beside, seen)),
      ...left.map((script) => removal(script, all, beside, seen)),
    ];
  },

  observed: (wanted, seen) => ({
    routes: Object.fromEntries(
      Object.entries(wanted.routes).map(([peer, way]) => [
        peer,
        { ...way, ...observedRoute(routeTo(peer, way, wanted), seen) },
      ]),
    ),
  }),

  judge(wanted, seen) {
    const all = seenRoutes(wanted, seen);
    const faults = all.flatMap(({ faults }) => faults);
    // Nothing of it can be made then.
    return all.every((one) => isLeft(one)) ? { refuse: faults } : { leave: faults };
  },

  orphans: { heir: ({ host }) => `${host}/bridge` },

  imports: importsFrom(common, (id, { host, endpoint, addresses }, seen) => {
    const names = new Map([...addresses].map(([name, address]) => [address, name]));
    const ways = keptBy(id, seen)
      .flatMap((destination) => found(destination, seen))
      .flatMap(({ destination, gateway }) => {
        const peer = names.get(gateway);
        return peer === undefined ? [] : [[peer, { destination, gateway }] as const];
      });
    return ways.length === 0 ? [] : [{ host, endpoint, routes: Object.fromEntries(ways) }];
  }),
};

/** True if a host has its routes as one resource: its scripts name their holder. */
export function areTogether(host: string, { scripts }: Pick<RouteSeen, "scripts">): boolean {
  return boot.keptScripts("route", scripts).some(({ holder }) => holder === `${host}/routes`);
}

/** The routes of a host as one resource. A host without peers has none. */
export function together(routes: readonly PeerRouteInputs[]): PeerRoutesInputs | undefined {
  const [first] = routes;
  if (first === undefined) return undefined;
  const ways = routes.map(({ host, endpoint, peer, ...way }) => [peer, way]);
  return { host: first.host, endpoint: first.endpoint, routes: Object.fromEntries(ways) };
}

function routeTo(peer: string, way: WayToPeer, { host, endpoint }: OnHost): PeerRouteInputs {
  return { host, endpoint, peer, ...way };
}

function holderOf(wanted: PeerRoutesInputs & Remembered): boot.Script["holder"] {
  return { stack: wanted.stack, lastStack: wanted.lastStack, id: peerRoutes.id(wanted) };
}

/** One peer, as the host has it. */
interface One {
  readonly peer: string;
  readonly route: Claim;
  /** The route, and what its link needs. */
  readonly claims: Claims;
  readonly script: boot.Script;
  /** The reasons against making its route. */
  readonly faults: readonly Fault[];
}

function seenRoutes(wanted: PeerRoutesInputs & Remembered, seen: RouteSeen): readonly One[] {
  const holder = holderOf(wanted);
  return Object.entries(wanted.routes).map(([peer, way]) => {
    const one = routeTo(peer, way, wanted);
    const route = routeClaim(one, holder, seen);
    const faults = [...routeFaults(one, seen), ...refusals([route])].map(({ property, reason }) => ({
      property: `routes.${peer}.${property}`,
      reason,
    }));
    const claims = routeClaims(one, holder, route, seen);
    return { peer, route, claims, script: scriptOf(one, holder, seen), faults };
  });
}

/** True if the route stays as it is, because it is refused. One that is there is kept, whatever is wrong with it. */
function isLeft({ route, faults }: One): boolean {
  return faults.length > 0 && route.is !== "so";
}

function claimsOf(one: One, beside: boot.Beside, seen: RouteSeen): Claims {
  const own = (claims: Claims): Claims =>
    claims.map((claim) => ({ ...claim, part: one.peer, what: `${one.peer}: ${claim.what}` }));
  if (isStrangers(one.route)) return own([one.route]);
  const kept = boot.scriptKept(one.script, beside, seen.scripts);
  if (!isLeft(one)) return own([...one.claims, ...kept]);
  return own([...one.claims, ...kept.filter(({ is }) => is !== "absent")].map(asItIs));
}

/** Made no more, but removed with the resource as far as it is ours. */
function asItIs(claim: Claim): Claim {
  const { notOurs } = claim;
  return { ...claim, make: [], ...(typeof notOurs === "object" ? { notOurs: "another resource's" } : {}) };
}

/** Scripts of this resource for ranges that no peer has any more, or that a stranger routes. */
function scriptsNotNeeded(
  needed: readonly One[],
  wanted: PeerRoutesInputs & Remembered,
  seen: RouteSeen,
): readonly boot.Own[] {
  const holder = holderOf(wanted);
  const subjects = new Set(needed.map(({ script }) => script.subject));
  return boot
    .keptScripts("route", seen.scripts)
    .filter((kept) => kept.holder === holder.id && !subjects.has(kept.subject))
    .map(({ subject }) => ({ kind: "route", subject, holder }) as const)
    .filter((script) => boot.holderOf(script, seen.scripts) === undefined);
}

function removal(
  { kind, subject }: boot.Own,
  all: readonly One[],
  beside: boot.Beside,
  seen: RouteSeen,
): Claim {
  const peer = all.find(({ script }) => script.subject === subject)?.peer;
  const script = boot.removeScript(boot.pathOf({ kind, subject }), beside);
  const route = [...removeRouteTo(subject, seen), ...formerPeer({ kind, subject }, seen)];
  const remove = [script, ...(peer === undefined ? route : [])];
  return {
    part: peer ?? subject,
    what: peer === undefined ? `route to ${subject}` : `${peer}: ${boot.pathOf({ kind, subject })}`,
    is: "changed",
    found: peer === undefined ? "of no peer any more" : notNeeded,
    make: remove,
    remove,
  };
}
