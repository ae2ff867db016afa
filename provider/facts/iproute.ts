/**
 * iproute2: addresses and routes, read as JSON and written as argv. `ip -json` is in every iproute2 since 4.13.
 */
import { z } from "zod";
import { type Answer, type Command, type Line, readOnce, UnreadableAnswer } from "../engine/command.js";
import { fact } from "../engine/fact.js";
import { readJson } from "./json-answer.js";

/** dockroute's own route protocol number: what carries it was made by dockroute, and nothing else is touched. */
export const protocol = "219";

export const addressQuestion = {
  why: "read the addresses",
  argv: ["ip", "-j", "-4", "addr", "show"],
} as const satisfies Command;
const routeQuestion = {
  why: "read the routes",
  argv: ["ip", "-j", "-4", "route", "show", "table", "main"],
} as const satisfies Command;

/** By name, each as a fact of a kind. */
export const links = fact([addressQuestion], (answer) => readLinks(answer));
export const routes = fact([routeQuestion], (answer) => readRoutes(answer));

export const questions = [addressQuestion, routeQuestion] as const;

/** What the kernel lets be a link's name (dev_valid_name). */
const nameForm = /^(?!\.{1,2}$)[^\s/:]{1,15}$/;

/** An IPv4 address of a link, with the network it stands in. */
export interface Link {
  readonly name: string;
  /** "172.30.1.1/24" */
  readonly addresses: readonly string[];
  readonly mtu?: number;
}

export interface Route {
  /** "default" or a range; a host route has no "/32", as the kernel prints it. */
  readonly destination: string;
  readonly gateway?: string;
  readonly interface?: string;
  readonly protocol?: string;
  readonly metric?: number;
  /** The address that the host sends from on it. */
  readonly source?: string;
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
    dst: z.string(),
    gateway: z.string().optional(),
    dev: z.string().optional(),
    protocol: z.string().optional(),
    metric: z.number().optional(),
    prefsrc: z.string().optional(),
  }),
);

/** iproute2 before 5 says nothing at all where there is nothing. */
function list<T>(form: z.ZodType<T[]>, answer: Answer, { argv }: Command): readonly T[] {
  return answer.code === 0 && answer.stdout.trim() === "" ? [] : readJson(form, answer, argv);
}

export const readLinks = readOnce((answer: Answer): readonly Link[] => {
  return list(addresses, answer, addressQuestion).flatMap(({ ifname, mtu, addr_info }) => {
    // iproute2 before 5 leaves empty objects in the list for links without an IPv4 address.
    if (ifname === undefined) return [];
    if (!nameForm.test(ifname)) throw new UnreadableAnswer(addressQuestion.argv.join(" "), ifname);
    const held = (addr_info ?? []).flatMap(({ local, prefixlen }) =>
      local === undefined || prefixlen === undefined ? [] : [`${local}/${prefixlen}`],
    );
    return [{ name: ifname, addresses: held, ...(mtu === undefined ? {} : { mtu }) }];
  });
});

export const readRoutes = readOnce((answer: Answer): readonly Route[] => {
  return list(routeList, answer, routeQuestion).map(({ dst, gateway, dev, protocol, metric, prefsrc }) => ({
    destination: dst,
    ...(gateway === undefined ? {} : { gateway }),
    ...(dev === undefined ? {} : { interface: dev }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(metric === undefined ? {} : { metric }),
    ...(prefsrc === undefined ? {} : { source: prefsrc }),
  }));
});

/** `replace` is idempotent and never leaves a moment without the route, as delete and add would. */
export function replaceRoute(route: Required<Pick<Route, "destination" | "gateway" | "interface">>): Line {
  return {
    argv: [
      ...["ip", "route", "replace", route.destination, "via", route.gateway],
      ...["dev", route.interface, "proto", protocol],
    ],
  };
}

/** Names gateway and protocol, so that a route which someone else put there since is not what goes. */
export function deleteRoute(route: Required<Pick<Route, "destination" | "gateway">>): Command {
  return {
    why: `remove the route to ${route.destination} through ${route.gateway}`,
    argv: ["ip", "route", "del", route.destination, "via", route.gateway, "proto", protocol],
  };
}
