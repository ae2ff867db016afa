/** By which links the packets of a source come. No other link is named in a rule, so others may come and go. */
import { protocol } from "../../facts/iproute.js";
import { nic } from "../host/inputs.js";
import { type Ground, linkOf, routeTo } from "../host/network.js";

interface From {
  readonly sources: readonly string[];
  readonly interfaces?: readonly string[] | undefined;
}

/**
 * A source on a link of the host comes by that link. A peer's part comes by the links of the peers' addresses, and not
 * by dockroute's own route to it: that one may not be there yet, and the rules would change when it comes. Where no
 * source is on a link, each comes by the link on which the host's route to it leaves.
 */
export function linksFor(source: string, wanted: From, seen: Ground): readonly string[] {
  if (wanted.interfaces !== undefined) return wanted.interfaces;
  const own = linkOf(seen, firstOf(source));
  if (own !== undefined) return nameable([own]);
  const direct = wanted.sources.flatMap((from) => linkOf(seen, firstOf(from)) ?? []);
  return nameable(direct.length > 0 ? direct : (routedBy(source, seen) ?? []));
}

/** The kernel lets a link be called almost anything. One that no rule can name safely lets nobody in. */
function nameable(names: readonly string[]): readonly string[] {
  return [...new Set(names)].filter((name) => nic.safeParse(name).success).sort();
}

function routedBy(source: string, seen: Ground): readonly string[] | undefined {
  const others = seen.routes.filter((route) => route.protocol !== protocol);
  const link = routeTo({ ...seen, routes: others }, firstOf(source))?.interface;
  return link === undefined ? undefined : [link];
}

function firstOf(range: string): string {
  return range.split("/")[0] ?? "";
}

/** The sources that no rule can let in, because no usable link leads to them. */
export function unreached(wanted: From, seen: Ground): readonly string[] {
  return wanted.sources.filter((source) => linksFor(source, wanted, seen).length === 0);
}
