/** iproute2: the devices of links between hosts. */
import { z } from "zod";
import { type Answer, type Command, type Line, unseen } from "../engine/command.js";
import { factFor } from "../engine/fact.js";
import type { LinkKind } from "../plan/index.js";
import { readJson } from "./json-answer.js";
import { localMac } from "./mac.js";

/** The names of dockroute's own devices, by the kind of link. */
export const devices = { wireguard: "dr-wg", vxlan: "dr-vx" } as const satisfies Record<LinkKind, string>;

const names: ReadonlySet<string> = new Set(Object.values(devices));

/** True for a device of one of dockroute's links, which is no network card of the host. */
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
            id: z.number().exactOptional(),
            port: z.number().exactOptional(),
            link: z.string().exactOptional(),
            learning: z.boolean().exactOptional(),
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
        ...(kind === "vxlan" && data !== undefined ? { vxlan: data } : {}),
      },
    ];
  });
}

/** The MAC address of the host whose part begins with this address: 02:db and its four bytes. So none has to be asked for. */
export function macOf(address: string): string {
  return localMac("db", address);
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
