/** The facts of a host that a HostLink needs. */
import * as boot from "../../boot/script.js";
import type { Seen } from "../../engine/fact.js";
import * as firewalld from "../../facts/firewalld.js";
import { waysTo } from "../../facts/iproute.js";
import * as iptables from "../../facts/iptables.js";
import { devicesOf, udpPorts } from "../../facts/link-device.js";
import { unitPath, wireguardOn } from "../../facts/wireguard.js";
import { firstOf, network } from "../host/network.js";
import { deviceOf, type HostLinkInputs } from "./inputs.js";

export const facts = {
  ...network,
  filter: iptables.rulesOf("filter"),
  raw: iptables.rulesOf("raw"),
  firewalld: firewalld.firewalld,
  scripts: boot.scripts,
  devices: devicesOf(({ kind }: Pick<HostLinkInputs, "kind">) => kind),
  udpPorts: udpPorts<unknown>(),
  wireguard: wireguardOn((inputs: Pick<HostLinkInputs, "kind">) =>
    inputs.kind === "wireguard" ? deviceOf(inputs) : undefined,
  ),
  ways: waysTo(({ sources }: Pick<HostLinkInputs, "sources">) => sources.map(firstOf)),
};

export type HostLinkSeen = Seen<typeof facts>;

/** Bytes of a packet that the link takes for itself: an IP header of either family, UDP, and the link's own header. */
const overheads = { wireguard: 80, vxlan: 50 } as const;

/** The largest packet that fits into one of the network card's, towards every peer. */
export function defaultMtu({ kind, sources }: HostLinkInputs, { ways, routes, links }: HostLinkSeen): number {
  const cards = sources.flatMap((source) => ways.get(firstOf(source))?.interface ?? []);
  const outward = routes.find(({ destination }) => destination === "default")?.interface;
  const names = cards.length > 0 ? cards : [outward];
  const sizes = names.flatMap((name) => links.find((link) => link.name === name)?.mtu ?? []);
  return Math.min(...sizes, sizes.length === 0 ? 1500 : 65535) - overheads[kind];
}

export function mtuOf(wanted: HostLinkInputs, seen: HostLinkSeen): number {
  return wanted.mtu ?? defaultMtu(wanted, seen);
}

/** WireGuard as a program, where the kernel has none. A host that was set up so stays so. */
export function programOf(
  { kind }: HostLinkInputs,
  { wireguard, devices, scripts }: HostLinkSeen,
): string | undefined {
  if (kind !== "wireguard" || devices.some((device) => device.kind === "wireguard")) return undefined;
  return scripts.files.has(unitPath) || !wireguard.inKernel ? wireguard.userspace : undefined;
}
