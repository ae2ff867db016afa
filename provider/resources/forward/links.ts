/** By which links the packets of a source come. No other link is named in a rule, so others may come and go. */
import { protocol as routeProtocol } from "../../facts/iproute.js";
import { isLinkDevice } from "../../facts/link-device.js";
import { nic } from "../host/inputs.js";
import { deviceFor, type Links, rangesOf } from "../host/links.js";
import { firstOf, linkOf, type WithWays } from "../host/network.js";

export interface From {
  readonly sources: readonly string[];
  readonly interfaces?: readonly string[] | undefined;
  readonly links?: Links | undefined;
}

/** All ranges that are let in, by whatever link. */
export function allSources({ sources, links }: Pick<From, "sources" | "links">): readonly string[] {
  return links === undefined ? sources : [...new Set([...sources, ...rangesOf(links)])].sort();
}

/**
 * The addresses whose ways decide: the peers' own. The way to a peer's subnet is dockroute's own route, which may not be
 * there yet. Only a rule without any single address asks for the ways to its ranges.
 */
export function asked({ sources, interfaces }: From): readonly string[] {
  if (interfaces !== undefined) return [];
  const single = sources.filter((source) => source.endsWith("/32"));
  return (single.length > 0 ? single : sources).map(firstOf);
}

/** A peer comes by the link on which the kernel reaches its address; its subnet comes by any of the peers' links. */
export function linksFor(source: string, wanted: From, seen: WithWays): readonly string[] {
  const device = deviceFor(source, wanted.links);
  const own = device === undefined ? cardsFor(source, wanted, seen) : [device];
  const former = formerLink(source, own, device !== undefined, seen);
  return former === undefined ? own : nameable([...own, former]);
}

/**
 * The link by which a source's range is still reached, while its route is about to change to a link between hosts or away
 * from one. Its packets come by it until the route of the other end has changed too, so both are open in the meantime. The
 * script on the host names the new one alone: its next load, by the repair for one, closes the former.
 */
function formerLink(
  source: string,
  own: readonly string[],
  isLinked: boolean,
  { routes }: WithWays,
): string | undefined {
  const route = routes.find(
    ({ destination, protocol, metric }) =>
      protocol === routeProtocol && (metric ?? 0) === 0 && destination === source.replace(/\/32$/, ""),
  );
  const by = route?.interface;
  if (by === undefined || own.includes(by)) return undefined;
  return isLinked || isLinkDevice(by) ? by : undefined;
}

function cardsFor(source: string, wanted: From, seen: WithWays): readonly string[] {
  if (wanted.interfaces !== undefined) return wanted.interfaces;
  const own = linkOf(seen, firstOf(source));
  if (own !== undefined) return nameable([own]);
  const direct = wanted.sources.flatMap((from) => linkOf(seen, firstOf(from)) ?? []);
  return nameable(direct.length > 0 ? direct : [seen.ways.get(firstOf(source))?.interface ?? ""]);
}

/** The kernel lets a link be called almost anything. One that no rule can name safely lets nobody in. */
function nameable(names: readonly string[]): readonly string[] {
  return [...new Set(names)].filter((name) => nic.safeParse(name).success).sort();
}

/** The sources that no rule can let in, because no usable link leads to them. */
export function unreached(wanted: From, seen: WithWays): readonly string[] {
  return allSources(wanted).filter((source) => linksFor(source, wanted, seen).length === 0);
}
