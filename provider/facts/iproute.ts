/**
 * iproute2: addresses and routes, read as JSON and written as argv. `ip -json` is in every iproute2 since 4.13.
 */
import { z } from "zod";
import { type Answer, type Command, type Line, UnreadableAnswer, unseen } from "../engine/command.js";
import { factFor, factOf } from "../engine/fact.js";
import { familyIn } from "../plan/cidr.js";
import { type Family, v4 } from "../plan/family.js";
import { readJson } from "./json-answer.js";

/** dockroute's own route protocol number: dockroute made the routes that carry it, and touches no others. */
export const protocol = "219";

export function addressQuestion(family: Family = v4): Command {
  return {
    why: "read the addresses",
    argv: ["ip", "-j", family.ip, "addr", "show"],
    ...quickly(family, "addr", "show"),
  };
}

/** batch.pl asks iproute2 for IPv4. */
function quickly({ ip }: Family, ...words: readonly string[]): Pick<Command, "quick"> {
  return ip === v4.ip ? { quick: ["ip", ...words] } : {};
}

function routeQuestion(family: Family): Command {
  return {
    why: "read the routes",
    argv: ["ip", "-j", family.ip, "route", "show", "table", "main"],
    ...quickly(family, "route", "show", "table", "main"),
  };
}

/** The links with their addresses of a family. */
export function linksOf(family: Family) {
  return factOf(addressQuestion(family), readLinks);
}

/** The routes of a family. */
export function routesOf(family: Family) {
  return factOf(routeQuestion(family), readRoutes);
}

export const links = linksOf(v4);
export const routes = routesOf(v4);

/** The form of a link's name that the kernel accepts (dev_valid_name). */
const nameForm = /^(?!\.{1,2}$)[^\s/:]{1,15}$/;

/** A link with its addresses of one family, each with its network. */
export interface Link {
  readonly name: string;
  /** "172.30.1.1/24" */
  readonly addresses: readonly string[];
  readonly mtu?: number;
}

export interface Route {
  /** "default" or a range. The kernel prints the route to one address without a prefix length. */
  readonly destination: string;
  readonly gateway?: string;
  readonly interface?: string;
  readonly protocol?: string;
  readonly metric?: number;
  /** The address that the host sends from on it. */
  readonly source?: string;
  /** The kernel sends nothing there, and answers so. */
  readonly isUnreachable?: true;
}

const addresses = z.array(
  z.object({
    ifname: z.string().optional(),
    mtu: z.number().optional(),
    addr_info: z
      .array(z.object({ local: z.string().optional(), prefixlen: z.number().optional() }))
      .optional(),
  }),
);

const routeList = z.array(
  z.object({
    type: z.string().optional(),
    dst: z.string(),
    gateway: z.string().optional(),
    dev: z.string().optional(),
    protocol: z.string().optional(),
    metric: z.number().optional(),
    prefsrc: z.string().optional(),
  }),
);

/** iproute2 before 5 prints nothing at all where there is nothing. */
function list<T>(form: z.ZodType<T[]>, answer: Answer, { argv }: Command): readonly T[] {
  return answer.code === 0 && answer.stdout.trim() === "" ? [] : readJson(form, answer, argv);
}

function readLinks(answer: Answer, question: Command): readonly Link[] {
  return list(addresses, answer, question).flatMap(({ ifname, mtu, addr_info }) => {
    // iproute2 before 5 leaves empty objects in the list for links without an address of the family.
    if (ifname === undefined) return [];
    if (!nameForm.test(ifname)) throw new UnreadableAnswer(question.argv.join(" "), ifname);
    const held = (addr_info ?? []).flatMap(({ local, prefixlen }) =>
      local === undefined || prefixlen === undefined ? [] : [`${local}/${prefixlen}`],
    );
    return [{ name: ifname, addresses: held, ...(mtu === undefined ? {} : { mtu }) }];
  });
}

function readRoutes(answer: Answer, question: Command): readonly Route[] {
  return list(routeList, answer, question).map(({ type, dst, gateway, dev, protocol, metric, prefsrc }) => ({
    destination: dst,
    ...(type === "unreachable" ? { isUnreachable: true } : {}),
    ...(gateway === undefined ? {} : { gateway }),
    ...(dev === undefined ? {} : { interface: dev }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(metric === undefined ? {} : { metric }),
    ...(prefsrc === undefined ? {} : { source: prefsrc }),
  }));
}

/** The kernel's way for a packet to an address, by all its rules and tables. */
export interface Way {
  readonly interface?: string;
  /** undefined if the address is on the link itself. */
  readonly gateway?: string;
  /** The address that the host sends from. */
  readonly source?: string;
  /** The address is one of the host's own. */
  readonly isOwn: boolean;
  /** The kernel's own words, if it sends nothing there: "RTNETLINK answers: Network is unreachable". */
  readonly refusal?: string;
}

/** By address. */
export type Ways = ReadonlyMap<string, Way>;

const wayList = z.array(
  z.object({
    type: z.string().optional(),
    dev: z.string().optional(),
    gateway: z.string().optional(),
    prefsrc: z.string().optional(),
  }),
);

/** The kernel is asked, because policy rules, tables and metrics decide as well as the networks of the links. */
export function wayQuestion(address: string): Command {
  return {
    why: `ask the kernel for the way to ${address}`,
    argv: ["ip", "-j", familyIn(address).ip, "route", "get", address],
    ...quickly(familyIn(address), "route", "get", address),
  };
}

function readWay(address: string, answer: Answer): Way {
  if (answer.code !== 0) return { isOwn: false, refusal: answer.stderr.trim().split("\n").at(-1) ?? "" };
  const [found] = list(wayList, answer, wayQuestion(address));
  const { dev, gateway, prefsrc, type } = found ?? {};
  return {
    isOwn: type === "local",
    ...(dev === undefined ? {} : { interface: dev }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(prefsrc === undefined ? {} : { source: prefsrc }),
  };
}

/** The ways to the addresses that a resource names, as a fact of its kind. */
export function waysTo<I>(addressesOf: (inputs: I) => readonly string[]) {
  return factFor(
    (inputs: I) => addressesOf(inputs).map(wayQuestion),
    (answers, inputs): Ways => readWays(addressesOf(inputs), answers),
  );
}

/** @param answers one for each address, in the same order */
function readWays(addresses: readonly string[], answers: readonly Answer[]): Ways {
  return new Map(addresses.map((address, at) => [address, readWay(address, answers[at] ?? unseen)]));
}

/**
 * Gives a link these addresses of a family in this order, and no others of it. The first one stays on it all the while
 * if it is there. The kernel removes further addresses of a network together with the first one of it.
 */
export function setAddresses(link: string, wanted: readonly string[], { ip }: Family = v4): Command {
  const script =
    `link=$1; keep=$2; shift; ip ${ip} -o addr show dev "$link" | while read -r _ _ _ has _; do ` +
    '[ "$has" = "$keep" ] || ip addr del "$has" dev "$link" 2>/dev/null || :; done; ' +
    'for each do ip addr replace "$each" dev "$link" || exit; done';
  return {
    why: `give ${link} the addresses ${wanted.join(", ")}`,
    argv: ["sh", "-c", script, "sh", link, ...wanted],
  };
}

/** `replace` is idempotent and never leaves a moment without the route, as delete and add would. */
export function replaceRoute(route: Required<Pick<Route, "destination" | "gateway" | "interface">>): Line {
  return {
    argv: [
      ...["ip", "route", "replace", route.destination, "via", route.gateway],
      ...["dev", route.interface, "proto", protocol],
    ],
  };
}

/** Names gateway and protocol, so that a route which someone else put there since stays. */
export function deleteRoute(route: Required<Pick<Route, "destination" | "gateway">>): Command {
  return {
    why: `remove the route to ${route.destination} through ${route.gateway}`,
    argv: ["ip", "route", "del", route.destination, "via", route.gateway, "proto", protocol],
  };
}
