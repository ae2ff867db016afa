/** The kernel's way for a container's packets where policy rules come before the main table. */
import type { Policy, Rule, TableRoute } from "../../facts/ip-rules.js";
import { contains, overlaps, parseInterface, printRange, type Range } from "../../plan/cidr.js";
import { v4 } from "../../plan/family.js";
import { addressesOfDocker0, type Ground, isDockers } from "./network.js";

/** Packets from containers, or from the host itself, to a range. */
export interface Flow {
  readonly to: Range;
  /** Their sources: the containers' ranges, or the host's address. */
  readonly from: readonly Range[];
  /** True if they may come in by this link. Those of the host itself come in by none, which a rule calls "lo". */
  comesBy(link: string): boolean;
  /** The next hop that is wanted: a table that leads there is no diversion. */
  readonly gateway?: string;
}

/** The sources of containers' packets as the host is now: those of every network of Docker's. */
export function containersOf(
  ground: Pick<Ground, "dockerNetworks" | "links">,
): Pick<Flow, "from" | "comesBy"> {
  const subnets = (ground.dockerNetworks ?? []).flatMap(({ ranges }) => ranges.map(({ subnet }) => subnet));
  const from = [...subnets, ...addressesOfDocker0(ground)].flatMap((text) => {
    const parsed = parseInterface(text, v4);
    return "value" in parsed ? [parsed.value.range] : [];
  });
  return { from, comesBy: (link) => isDockers(ground, link) };
}

/** The priority of the rule that looks up the main table, unless somebody has moved it. */
const main = 32766;

/** The rule that sends these packets elsewhere than the main table does, in words. undefined if none does. */
export function diversion({ rules, routes }: Policy, flow: Flow): string | undefined {
  for (const rule of rules) {
    if (!matches(rule, flow) || rule.table === "local") continue;
    const least = rule.suppressed ?? -1;
    if (rule.table === "main" || rule.priority >= main) {
      if (flow.to.prefix > least) return undefined;
      continue;
    }
    if (rule.table === undefined) return inWords(rule, rule.text);
    const found = inTable(rule.table, routes, flow, least);
    if (found === undefined) continue;
    return flow.gateway !== undefined && found.gateway === flow.gateway
      ? undefined
      : inWords(rule, found.text);
  }
  return undefined;
}

/** A rule with a condition that a packet of a container does not meet, such as a mark, counts as not met. */
function matches({ from, to, incoming, hasMore, isInverted }: Rule, flow: Flow): boolean {
  const meets =
    !hasMore &&
    (from === undefined || flow.from.some((range) => overlaps(range, from))) &&
    (to === undefined || overlaps(to, flow.to)) &&
    (incoming === undefined || flow.comesBy(incoming));
  return meets !== isInverted;
}

/** The narrowest route to all of the range, else the first to a part of it. */
function inTable(
  table: string,
  routes: readonly TableRoute[],
  { to }: Flow,
  least: number,
): TableRoute | undefined {
  const all = routes.filter((route) => route.table === table && route.range.prefix > least);
  const parts = all.filter(
    ({ range, isThrow }) => !isThrow && range.prefix > to.prefix && contains(to, range),
  );
  const [whole] = all
    .filter(({ range }) => contains(range, to))
    .sort((a, b) => b.range.prefix - a.range.prefix);
  return whole === undefined || whole.isThrow ? parts[0] : whole;
}

function inWords({ priority, text, table }: Rule, way: string): string {
  const where = table === undefined ? "" : `, and table ${table} has "${way}"`;
  return `the policy rule ${priority} ("${text}") comes before the main table${where}`;
}

/** The remedy for it, for a person. */
export function remedy(to: Range): string {
  return (
    `take that range out of the table, or let a rule before it lead to the main table: ` +
    `\`ip rule add pref NUMBER to ${printRange(to)} lookup main\``
  );
}
