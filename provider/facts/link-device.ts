/** iproute2: the devices of links between hosts, what VXLAN knows of its peers, and the routes that lead by a device. */
import { z } from "zod";
import { type Answer, type Command, type Line, unseen } from "../engine/command.js";
import { factFor } from "../engine/fact.js";
import { protocol } from "./iproute.js";
import { parseJson, readJson } from "./json-answer.js";

/** The names of dockroute's own devices, by the kind of link. */
export const devices = { wireguard: "dr-wg", vxlan: "dr-vx" } as const;
export type LinkKind = keyof typeof devices;

const names: ReadonlySet<string> = new Set(Object.values(devices));

/** Whether a device is one of dockroute's links, and so no network card of the host. */
export function isLinkDevice(name: string): boolean {
  return names.has(name);
}

/** The number of dockroute's VXLAN, the same as that of its routes. */
export const vni = 219;
/** The alias that marks a device as dockroute's. */
export const alias = "dockroute";

export interface Device {
  readonly name: string;
  /** "wireguard", "vxlan"; "tun" is wireguard-go's. */
  readonly kind?: string;
  readonly alias?: string;
  readonly isUp: boolean;
  readonly mtu?: number;
  readonly mac?: string;
  readonly vxlan?: {
    readonly id?: number;
    readonly port?: number;
    readonly link?: string;
    readonly learning?: boolean;
  };
}

const deviceList = z.array(
  z.object({
    ifname: z.string().optional(),
    ifalias: z.string().optional(),
    address: z.string().optional(),
    flags: z.array(z.string()).optional(),
    mtu: z.number().optional(),
    linkinfo: z
      .object({
        info_kind: z.string().optional(),
        info_data: z
          .object({
            id: z.number().optional(),
            port: z.number().optional(),
            link: z.string().optional(),
            learning: z.boolean().optional(),
          })
          .optional(),
      })
      .optional(),
  }),
);

function deviceQuestion(name: string): Command {
  return { why: `read the device ${name}`, argv: ["ip", "-j", "-d", "link", "show", "dev", name] };
}
const vxlansQuestion: Command = {
  why: "read the VXLAN devices",
  argv: ["ip", "-j", "-d", "link", "show", "type", "vxlan"],
};

/** The device of a link, and for a VXLAN all others of its kind: two cannot have one number on one port. */
export function devicesOf<I>(kindOf: (inputs: I) => LinkKind) {
  return factFor(
    (inputs: I) => [
      deviceQuestion(devices[kindOf(inputs)]),
      ...(kindOf(inputs) === "vxlan" ? [vxlansQuestion] : []),
    ],
    (answers): readonly Device[] => {
      const all = answers.flatMap(readDevices);
      return all.filter(({ name }, at) => all.findIndex((other) => other.name === name) === at);
    },
  );
}

/** No device by that name is a failure of the command. */
function readDevices(answer: Answer): readonly Device[] {
  if (answer.code !== 0 || answer.stdout.trim() === "") return [];
  return readJson(deviceList, answer, vxlansQuestion.argv).flatMap((each): readonly Device[] => {
    if (each.ifname === undefined) return [];
    const { info_kind: kind, info_data: data } = each.linkinfo ?? {};
    return [
      {
        name: each.ifname,
        isUp: each.flags?.includes("UP") === true,
        ...(kind === undefined ? {} : { kind }),
        ...(each.ifalias === undefined ? {} : { alias: each.ifalias }),
        ...(each.mtu === undefined ? {} : { mtu: each.mtu }),
        ...(each.address === undefined ? {} : { mac: each.address }),
        ...(kind === "vxlan" && data !== undefined ? { vxlan: defined(data) } : {}),
      },
    ];
  });
}

function defined<T extends object>(data: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

/** The MAC address of the host whose part begins with this address: 02:db and its four bytes. So none has to be asked for. */
export function macOf(address: string): string {
  const bytes = address.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"));
  return ["02", "db", ...bytes].join(":");
}

export function addWireGuard(device: string): Line {
  return {
    argv: ["ip", "link", "add", device, "type", "wireguard"],
    unless: ["ip", "link", "show", "dev", device],
  };
}

export interface Vxlan {
  /** The network address of this host's part. */
  readonly address: string;
  readonly port: number;
  readonly interface?: string | undefined;
}

export function addVxlan(device: string, { address, port, interface: card }: Vxlan): Line {
  return {
    argv: [
      ...["ip", "link", "add", device, "address", macOf(address), "type", "vxlan", "id", String(vni)],
      ...(card === undefined ? [] : ["dev", card]),
      ...["dstport", String(port), "nolearning"],
    ],
    unless: ["ip", "link", "show", "dev", device],
  };
}

/** wireguard-go makes its device a moment after its start. */
export function awaitDevice(device: string): Line {
  const script = 'for each in $(seq 50); do [ ! -e "/sys/class/net/$1" ] || exit 0; sleep 0.1; done; exit 1';
  return { argv: ["sh", "-c", script, "sh", device] };
}

export function raise(device: string, mtu: number): Line {
  return { argv: ["ip", "link", "set", device, "alias", alias, "mtu", String(mtu), "up"] };
}

export function removeDevice(device: string): Command {
  return { why: `remove the device ${device}`, argv: ["ip", "link", "del", "dev", device] };
}

/** UDP ports on which something listens, whoever does. */
export function udpPorts<I>() {
  const ask: Command = { why: "read which UDP ports are taken", argv: ["ss", "-H", "-l", "-u", "-n"] };
  return factFor(
    (_: I) => [ask],
    ([answer]): ReadonlySet<number> =>
      new Set(
        (answer ?? unseen).stdout.split("\n").flatMap((line) => {
          const port = /:(\d+)\s/.exec(line)?.[1];
          return port === undefined ? [] : [Number(port)];
        }),
      ),
  );
}

/** What a VXLAN device knows of one peer. */
export interface Neighbours {
  /** The host that a MAC address is at, "203.0.113.9" by "02:db:ac:1e:02:00". */
  readonly hosts: ReadonlyMap<string, string>;
  /** The MAC address of a next hop, by its address. */
  readonly macs: ReadonlyMap<string, string>;
}

const fdbList = z.array(z.object({ mac: z.string(), dst: z.string().optional() }));
const neighList = z.array(z.object({ dst: z.string().optional(), lladdr: z.string().optional() }));

export function neighboursOn<I>(deviceOf: (inputs: I) => string | undefined) {
  return factFor(
    (inputs: I): readonly Command[] => {
      const device = deviceOf(inputs);
      if (device === undefined) return [];
      return [
        { why: `read where ${device} sends to`, argv: ["bridge", "-j", "fdb", "show", "dev", device] },
        {
          why: `read the next hops on ${device}`,
          argv: ["ip", "-j", "-4", "neigh", "show", "dev", device, "nud", "permanent"],
        },
      ];
    },
    ([fdb = unseen, neigh = unseen]): Neighbours => ({
      hosts: new Map(
        listed(fdbList, fdb).flatMap(({ mac, dst }) => (dst === undefined ? [] : [[mac, dst] as const])),
      ),
      macs: new Map(
        listed(neighList, neigh).flatMap(({ dst, lladdr }) =>
          dst === undefined || lladdr === undefined ? [] : [[dst, lladdr] as const],
        ),
      ),
    }),
  );
}

/** Without the device both programs fail, and some versions print nothing where there is nothing. */
function listed<T>(form: z.ZodType<T[]>, { code, stdout }: Answer): readonly T[] {
  const read = code === 0 ? form.safeParse(parseJson(stdout)) : undefined;
  return read?.data ?? [];
}

export interface Hop {
  readonly device: string;
  /** The network address of the peer's part. */
  readonly address: string;
  /** The peer's own address, which the packets are sent to. */
  readonly endpoint: string;
}

export function setNeighbour({ device, address, endpoint }: Hop): readonly Line[] {
  const mac = macOf(address);
  return [
    { argv: ["bridge", "fdb", "replace", mac, "dev", device, "dst", endpoint] },
    { argv: ["ip", "neigh", "replace", address, "lladdr", mac, "dev", device, "nud", "permanent"] },
  ];
}

export function removeNeighbour(device: string, address: string, seen: Neighbours): readonly Command[] {
  const [mac, why] = [macOf(address), `forget the peer ${address} on ${device}`];
  return [
    ...(seen.macs.has(address) ? [{ why, argv: ["ip", "neigh", "del", address, "dev", device] }] : []),
    ...(seen.hosts.has(mac) ? [{ why, argv: ["bridge", "fdb", "del", mac, "dev", device] }] : []),
  ];
}

/** The same where nobody has looked what is there. */
export function forgetNeighbour(device: string, address: string): Command {
  const script = 'ip neigh del "$2" dev "$1" 2>/dev/null; bridge fdb del "$3" dev "$1" 2>/dev/null; :';
  return {
    why: `forget the peer ${address} on ${device}, which is reached another way`,
    argv: ["sh", "-c", script, "sh", device, address, macOf(address)],
  };
}

/** The last metric before the kernel's own end: any other route to the range comes first. */
export const fallbackMetric = 4278198272;

/** A link's packets must not leave by the default route, unencrypted, when its device is gone. */
export function refuseInstead(range: string): Line {
  return {
    argv: [
      ...["ip", "route", "replace", "unreachable", range],
      ...["metric", String(fallbackMetric), "proto", protocol],
    ],
  };
}

export function removeRefusal(range: string): Command {
  return {
    why: `remove the route that stands in for the link to ${range}`,
    argv: [
      ...["ip", "route", "del", "unreachable", range],
      ...["metric", String(fallbackMetric), "proto", protocol],
    ],
  };
}

/** @param via the next hop on the device, of a VXLAN */
export function routeBy(device: string, range: string, via?: string): Line {
  const way = via === undefined ? ["dev", device] : ["via", via, "dev", device, "onlink"];
  return { argv: ["ip", "route", "replace", range, ...way, "proto", protocol] };
}

export function removeRouteBy(device: string, range: string): Command {
  return {
    why: `remove the route to ${range} by ${device}`,
    argv: ["ip", "route", "del", range, "dev", device, "proto", protocol],
  };
}
