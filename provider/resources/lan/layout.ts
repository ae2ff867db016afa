/** The form of a LanNetwork on its host: its parent, its links and its addresses, worked out from inputs and facts. */

import { inWords } from "../../boot/owner.js";
import * as boot from "../../boot/script.js";
import type { Remembered } from "../../engine/kind.js";
import type { MadeNetwork, MadeRange, NewNetwork } from "../../facts/docker-lans.js";
import type { KindOfLink, OwnLink } from "../../facts/ip-links.js";
import { addressAt, containsAddress, parseAddress, parseRange, printAddress, size } from "../../plan/cidr.js";
import { isUsable } from "../../plan/lan-check.js";
import { type Ground, networkOf } from "../host/network.js";
import { holds, type LanNetworkInputs } from "./inputs.js";

export interface LanSeen extends Pick<Ground, "links" | "routes"> {
  readonly kinds: readonly KindOfLink[];
  readonly networks: readonly MadeNetwork[] | undefined;
  readonly scripts: boot.ScriptsSeen;
}

export interface Layout {
  /** The card or bridge. undefined if the host has none that fits. */
  readonly parent: string | undefined;
  /** The link that Docker gets: the parent, or the VLAN's link on it. */
  readonly link: string | undefined;
  /** The VLAN's link that is ours to make. */
  readonly vlanLink?: { readonly name: string; readonly id: number };
  /** The address by which the host and its own containers reach each other. undefined if they do not. */
  readonly hostAddress: string | undefined;
  /** The host's own link to its containers. undefined if it has none or needs none. */
  readonly own?: OwnLink;
  /** The network that Docker is to make. */
  readonly network: NewNetwork;
}

export function holderOf(wanted: LanNetworkInputs & Remembered): boot.Script["holder"] {
  return { ...wanted, id: `${wanted.host}/lan/${wanted.name}` };
}

/** An address that means nothing beyond its link (RFC 3927), another one on each host. */
function linkLocal({ host, name }: Pick<LanNetworkInputs, "host" | "name">): string {
  const number = Number.parseInt(boot.digest(host, name), 16);
  return `169.254.${1 + (number % 254)}.${Math.floor(number / 256) % 256}`;
}

/** A link of ours bears the network's name: with another parent it is found again. */
export function aliasOf({ name }: Pick<LanNetworkInputs, "name">): string {
  return `dockroute ${name}`;
}

/** The name of the host's own link to the containers of a network. */
export function ownLinkName({ name }: Pick<LanNetworkInputs, "name">): string {
  return `dr-${boot.digest(name)}`;
}

export function layoutOf(wanted: LanNetworkInputs & Remembered, seen: LanSeen): Layout {
  const parent = parentOf(wanted, seen);
  const link = parent === undefined || wanted.vlan === undefined ? parent : vlanLinkName(parent, wanted.vlan);
  const there = seen.kinds.find(({ name }) => name === link);
  const isOurs = there === undefined || there.alias === aliasOf(wanted);
  const vlanLink =
    wanted.vlan !== undefined && link !== undefined && isOurs ? { name: link, id: wanted.vlan } : undefined;
  const { hostAddress, isNumbered } = hostAddressOf(wanted, parent, seen);
  const { driver, range } = wanted;
  const needsLink = wanted.hostAccess && (driver === "macvlan" || driver === "ipvlan");
  const beside = wanted.vlan === undefined ? othersBeside(wanted, parent, seen) : [];
  const asker = isNumbered && hostAddress !== undefined ? hostAddress : linkLocal(wanted);
  const own =
    needsLink && link !== undefined && hostAddress !== undefined
      ? {
          name: ownLinkName(wanted),
          parent: link,
          kind: driver,
          range,
          source: hostAddress,
          asker,
          beside,
        }
      : undefined;
  return {
    ...{ parent, link, hostAddress },
    ...(vlanLink === undefined ? {} : { vlanLink }),
    ...(own === undefined ? {} : { own }),
    network: networkFor(wanted, link ?? "", isNumbered ? hostAddress : undefined),
  };
}

function vlanLinkName(parent: string, vlan: number): string {
  const name = `${parent}.${vlan}`;
  return name.length <= 15 ? name : `dr-${boot.digest(name)}`;
}

/** The link that holds the host's address, else the one whose network holds the gateway. */
function parentOf({ parent, address, gateway }: LanNetworkInputs, { links }: LanSeen): string | undefined {
  if (parent !== undefined) return parent;
  const cards = links.filter(({ name }) => name !== "lo" && !name.startsWith("dr-"));
  const holder = cards.find(({ addresses }) => addresses.some((each) => each.split("/")[0] === address));
  const router = gateway === undefined ? undefined : parseAddress(gateway);
  if (holder !== undefined || router === undefined || !("value" in router)) return holder?.name;
  return cards.find(({ addresses }) =>
    addresses.some((each) => containsAddress(networkOf(each), router.value)),
  )?.name;
}

/**
 * A host that is in the LAN has its address already: its own link needs none, and the LAN sees one MAC for the host. With
 * ipvlan, which tells links apart by their addresses, and in a VLAN in which the host is not, it takes the first free
 * address of the range.
 */
function hostAddressOf(wanted: LanNetworkInputs, parent: string | undefined, { links }: LanSeen) {
  const { driver, hostAccess, subnet, address } = wanted;
  const none = { hostAddress: undefined, isNumbered: false };
  if (!hostAccess || driver === "ipvlan-l3") return none;
  const all = (links.find(({ name }) => name === parent)?.addresses ?? []).map(
    (each) => each.split("/")[0] ?? "",
  );
  const inLan = all.filter((each) => holds(subnet, each));
  const card = inLan.find((each) => each === address) ?? inLan[0];
  if (driver === "bridge") return { ...none, hostAddress: card };
  const isNumbered = driver === "ipvlan" || wanted.vlan !== undefined || card === undefined;
  return isNumbered ? { hostAddress: firstFree(wanted), isNumbered } : { hostAddress: card, isNumbered };
}

/** Machines in the piece that the host has beside it on the LAN: by its own link they would see another MAC of the host. */
function othersBeside(
  wanted: LanNetworkInputs,
  parent: string | undefined,
  { links }: LanSeen,
): readonly string[] {
  const { subnet, range, reserved, gateway } = wanted;
  const own = links.find(({ name }) => name === parent)?.addresses ?? [];
  if (!own.some((each) => holds(subnet, each.split("/")[0] ?? ""))) return [];
  const isOwn = (text: string) => own.some((each) => each.split("/")[0] === text);
  const all = gateway === undefined ? reserved : [...reserved, gateway];
  return all.filter((each) => holds(range, each) && !isOwn(each));
}

function firstFree({ subnet, range, reserved, gateway }: LanNetworkInputs): string | undefined {
  const [net, part] = [parseRange(subnet), parseRange(range)];
  if (!("value" in net) || !("value" in part)) return undefined;
  for (let n = 0n; n < size(part.value); n++) {
    const address = addressAt(part.value, n);
    const text = printAddress(address);
    if (isUsable(net.value, address) && text !== gateway && !reserved.includes(text)) return text;
  }
  return undefined;
}

function networkFor(
  wanted: LanNetworkInputs & Remembered,
  link: string,
  own: string | undefined,
): NewNetwork {
  const { name, driver, subnet, gateway, range, reserved } = wanted;
  const isRouted = driver === "ipvlan-l3";
  const bridge = "com.docker.network.bridge";
  const options =
    driver === "bridge"
      ? // Without `inhibit_ipv4` Docker takes the host's address off the bridge and puts the router's on it.
        {
          [`${bridge}.name`]: link,
          [`${bridge}.inhibit_ipv4`]: "true",
          [`${bridge}.enable_ip_masquerade`]: "false",
        }
      : { ...(driver === "macvlan" ? {} : { ipvlan_mode: isRouted ? "l3" : "l2" }), parent: link };
  return {
    ...{ name, driver: isRouted ? "ipvlan" : driver, options, holder: inWords(holderOf(wanted)) },
    range: {
      ...{ subnet, reserved: own === undefined ? reserved : [own, ...reserved] },
      ...(gateway === undefined ? {} : { gateway }),
      ...(isRouted && range === subnet ? {} : { range }),
    },
  };
}

/** True if Docker's network is as wanted. Options that nobody asked for, as those of a person's own, count too. */
export function sameNetwork(found: MadeNetwork, wanted: NewNetwork): boolean {
  const [only, ...more] = found.ranges;
  return (
    found.driver === wanted.driver &&
    more.length === 0 &&
    sameOptions(found.options, wanted.options) &&
    only !== undefined &&
    sameRange(only, wanted.range)
  );
}

function sameOptions(
  found: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([key, value]) => found[key] === value);
}

function sameRange(found: MadeRange, wanted: MadeRange): boolean {
  return (
    found.subnet === wanted.subnet &&
    (found.range ?? found.subnet) === (wanted.range ?? wanted.subnet) &&
    // Docker gives a network without one the first address as gateway, and ipvlan in mode l3 does not use it.
    (wanted.gateway === undefined || found.gateway === wanted.gateway) &&
    [...found.reserved].sort().join() === [...wanted.reserved].sort().join()
  );
}
