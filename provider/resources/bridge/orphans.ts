/**
 * What stands on a bridge and may be on its host though no state knows of it: a resource is in the state only when
 * its maker has told the engine, and that one may have been killed just before. Whoever then destroys, or takes the host out, would
 * leave it.
 */

import * as parts from "../../boot/old-script.js";
import type { OnHost, Unrecorded } from "../../engine/kind.js";
import * as ip from "../../facts/iproute.js";
import { contains, parseRange, printRange } from "../../plan/cidr.js";
import { forwardRule } from "../forward/index.js";
import { networkOf, targetOf } from "../host/network.js";
import { masqueradeRule } from "../masquerade/index.js";
import { nameFor, type PeerRouteSeen, peerRoute } from "../route/index.js";

interface Seen extends PeerRouteSeen {
  readonly nft: { keys(): Iterable<string> };
}

export function onBridge(
  { bip, ...on }: OnHost & { readonly bip: string },
  seen: Seen,
): readonly Unrecorded[] {
  const rules = rangesAround(bip, seen).flatMap((range): readonly Unrecorded[] => [
    (use) => use(masqueradeRule, { ...on, source: range, exclude: [] }),
    (use) => use(forwardRule, { ...on, destination: range, sources: [] }),
  ]);
  const routes = seen.routes.flatMap((route): readonly Unrecorded[] => {
    const { protocol, gateway } = route;
    const range = targetOf(route);
    if (protocol !== ip.protocol || gateway === undefined || range === undefined) return [];
    const destination = printRange(range);
    if (seen.parts.files.has(parts.pathOf({ name: nameFor(destination) }))) return [];
    // Whose route it was to be, nobody knows any more; it is found by where it leads.
    return [(use) => use(peerRoute, { ...on, peer: gateway, destination, gateway })];
  });
  return [...rules, ...routes];
}

/** The bridge's own network, and the wider parts of a plan that hold it, as far as something bears their names. */
function rangesAround(bip: string, seen: Seen): readonly string[] {
  const own = networkOf(bip);
  const names = [...seen.nft.keys(), ...parts.heldBy("", seen.parts).map(({ name }) => name)];
  const named = names.flatMap((name) => {
    const parsed = parseRange(parts.rangeOf(name.replace(/^(?:masquerade|forward)-/, "")));
    return "value" in parsed && contains(parsed.value, own) ? [printRange(parsed.value)] : [];
  });
  return [...new Set([printRange(own), ...named])];
}
