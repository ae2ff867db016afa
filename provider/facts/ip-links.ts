/** iproute2: the kinds of links and what lies on what, and the lines of scripts that make links. */
import { z } from "zod";
import { type Answer, type Command, type Line, readOnce } from "../engine/command.js";
import { factFor } from "../engine/fact.js";
import { protocol } from "./iproute.js";
import { readJson } from "./json-answer.js";
import { localMac } from "./mac.js";

const question: Command = { why: "read the kinds of links", argv: ["ip", "-j", "-d", "link", "show"] };

export interface KindOfLink {
  readonly name: string;
  /** "macvlan", "ipvlan", "vlan", "bridge", "veth". undefined for a card. */
  readonly kind?: string;
  /** The link below it. */
  readonly below?: string;
  /** The bridge or bond whose port it is. */
  readonly master?: string;
  /** A person or a program has set it up. */
  readonly isUp: boolean;
  /** It is up, and so is what lies below it or the cable. */
  readonly isRunning: boolean;
  readonly vlan?: number;
  readonly alias?: string;
}

const list = z.array(
  z.object({
    ...{ ifname: z.string().optional(), link: z.string().nullish(), master: z.string().optional() },
    ...{
      flags: z.array(z.string()).optional(),
      operstate: z.string().optional(),
      ifalias: z.string().optional(),
    },
    linkinfo: z
      .object({
        info_kind: z.string().optional(),
        info_data: z.object({ id: z.unknown().optional() }).optional(),
      })
      .optional(),
  }),
);

const read = readOnce((answer: Answer): readonly KindOfLink[] =>
  readJson(list, answer, question.argv).flatMap(({ ifname, link, master, flags = [], ...more }) => {
    if (ifname === undefined) return [];
    const { info_kind: kind, info_data } = more.linkinfo ?? {};
    const isUp = flags.includes("UP");
    return [
      {
        ...{
          name: ifname,
          isUp,
          isRunning: isUp && !["DOWN", "LOWERLAYERDOWN"].includes(more.operstate ?? ""),
        },
        ...(kind === undefined ? {} : { kind }),
        ...(link ? { below: link } : {}),
        ...(master === undefined ? {} : { master }),
        ...(kind === "vlan" && typeof info_data?.id === "number" ? { vlan: info_data.id } : {}),
        ...(more.ifalias === undefined ? {} : { alias: more.ifalias }),
      },
    ];
  }),
);

export const kindsOfLinks = factFor(
  () => [question],
  ([answer]) => read(answer ?? { code: undefined, stdout: "", stderr: "" }),
);

/** Lines that make a VLAN's link of ours, which bears this alias, and set it up. */
export function makeVlan(link: string, below: string, id: number, alias: string): readonly Line[] {
  return [
    {
      argv: ["ip", "link", "add", "link", below, "name", link, "type", "vlan", "id", String(id)],
      unless: ["ip", "link", "show", link],
    },
    { argv: ["ip", "link", "set", link, "alias", alias] },
    { argv: ["ip", "link", "set", link, "up"] },
  ];
}

/** The host's own link beside the containers of a network. */
export interface OwnLink {
  readonly name: string;
  readonly parent: string;
  readonly kind: "macvlan" | "ipvlan";
  /** The containers' addresses. */
  readonly range: string;
  /** The address that the host has there. */
  readonly source: string;
  /** The address of the link itself, in whose name the host asks for its containers. */
  readonly asker: string;
  /** Addresses in `range` of machines that the host reaches by the parent. */
  readonly beside: readonly string[];
}

/**
 * Lines that make the link, and the routes by it, so that the LAN sees one MAC for the host. With `arp_filter` the host
 * answers on it to those alone to whom its route leads: its own containers. With `arp_announce` it asks for them in the
 * name of the link's address: its questions go to the whole LAN, and everybody who hears one notes the asker's MAC.
 */
export function makeOwnLink({ name, parent, kind, range, source, asker, beside }: OwnLink): readonly Line[] {
  // The same MAC each time: containers that knew the last one would lose their host until they ask again. An ipvlan has
  // that of its parent.
  const mac = kind === "macvlan" ? ["address", localMac("dc", source)] : [];
  const mode = kind === "macvlan" ? "bridge" : "l2";
  return [
    {
      argv: ["ip", "link", "add", name, "link", parent, ...mac, "type", kind, "mode", mode],
      unless: ["ip", "link", "show", name],
    },
    {
      argv: [
        "sysctl",
        "-q",
        "-w",
        `net.ipv4.conf.${name}.arp_filter=1`,
        `net.ipv4.conf.${name}.arp_announce=2`,
      ],
    },
    {
      argv: [
        "ip",
        "addr",
        "replace",
        `${asker}/32`,
        "dev",
        name,
        ...(asker === source ? [] : ["scope", "link"]),
      ],
    },
    { argv: ["ip", "link", "set", name, "up"] },
    // Before the route to all of the range: the host's way to these machines does not change even for a moment.
    ...beside.map((each) => ({ argv: ["ip", "route", "replace", each, "dev", parent, "proto", protocol] })),
    { argv: ["ip", "route", "replace", range, "dev", name, "proto", protocol, "src", source] },
  ];
}

/** A route of ours to one address, without a gateway. */
export function deleteRouteOn(link: string, address: string): Command {
  return {
    why: `remove the route to ${address} by ${link}`,
    argv: ["ip", "route", "del", address, "dev", link, "proto", protocol],
  };
}

export function deleteLink(name: string, why: string): Command {
  return { why, argv: ["ip", "link", "del", name] };
}

/** True if a link answers only those to whom its routes lead, and asks in its own name. undefined if there is no such link. */
export function arpSettingsOf<I>(linkOf: (inputs: I) => string) {
  return factFor(
    (inputs: I) =>
      ["arp_filter", "arp_announce"].map((name) => {
        const path = `/proc/sys/net/ipv4/conf/${linkOf(inputs)}/${name}`;
        return { why: `read ${name} of ${linkOf(inputs)}`, argv: ["cat", path], quick: ["file", path] };
      }),
    ([filter, announce]) =>
      filter?.code === 0 ? filter.stdout.trim() === "1" && announce?.stdout.trim() === "2" : undefined,
  );
}
