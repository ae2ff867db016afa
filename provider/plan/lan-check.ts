import {
  type Address,
  contains,
  containsAddress,
  overlaps,
  parseAddress,
  parseRange,
  printRange,
  type Range,
  sameAddress,
} from "./cidr.js";
import type { PlanFault } from "./error.js";
import { v4 } from "./family.js";
import { type LanConfig, type LansConfig, lanNamePattern } from "./lan-config.js";
import { hostsInside, meeting, namesOnce, unknownLans } from "./lan-conflicts.js";
import { interfacePattern } from "./names.js";
import { known, Reader } from "./reader.js";

/** A LAN whose texts were all read and found good. */
export interface Lan {
  readonly name: string;
  readonly subnet: Range;
  readonly range: Range;
  readonly hostPrefix: number;
  readonly gateway?: Address;
  /** Addresses that other machines have: `exclude` and the addresses of all hosts. */
  readonly taken: readonly Address[];
  /** The hosts that have it, in the order of their names. */
  readonly hosts: readonly HostOfLan[];
  /** The addresses that a piece needs at least: ipvlan's way to the host takes one. */
  readonly needs: bigint;
}

export interface HostOfLan {
  readonly name: string;
  readonly address: Address;
  readonly pin?: Range;
}

/** The config as values, or every fault that can be found without the last plan. */
export function checkLans(config: LansConfig): readonly Lan[] | readonly PlanFault[] {
  const reader = new Reader();
  const lans = config.lans.map((lan, at) => readLan(config, lan, `lans[${at}]`, reader));
  namesOnce(config, reader);
  unknownLans(config, reader);
  const good = lans.flatMap((lan) => (lan === undefined ? [] : [lan]));
  if (good.length === lans.length) meeting(config, good, reader);
  return reader.faults.length > 0 ? reader.faults : good;
}

export function isFaults(checked: ReturnType<typeof checkLans>): checked is readonly PlanFault[] {
  return checked.some((each) => "reason" in each);
}

function readLan(config: LansConfig, lan: LanConfig, where: string, reader: Reader): Lan | undefined {
  const isRouted = lan.driver === "ipvlan-l3";
  if (!lanNamePattern.test(lan.name)) {
    reader.add(
      `${where}.name`,
      `${JSON.stringify(lan.name)} is refused: a network's name is 1 to 63 letters, digits, "_", "." and "-", ` +
        "beginning with a letter or a digit, and none of bridge, host, none and default",
    );
  }
  if (lan.vlan !== undefined) readVlan(lan, `${where}.vlan`, reader);
  if (lan.parent !== undefined) readParent(lan.parent, `${where}.parent`, reader);
  const subnet = reader.read(`${where}.subnet`, parseRange(lan.subnet, v4));
  const range = readRange(lan, subnet, `${where}.range`, reader);
  const gateway = readGateway(lan, subnet, `${where}.gateway`, reader);
  const exclude = (lan.exclude ?? []).flatMap((text, at) =>
    readExclude(text, subnet, `${where}.exclude[${at}]`, reader),
  );
  const needs = lan.driver === "ipvlan" && lan.hostAccess !== false ? 2n : 1n;
  const longest = isRouted ? 30 : needs === 2n ? 31 : 32;
  const { hostPrefix } = lan;
  const isSize = Number.isInteger(hostPrefix) && hostPrefix >= (range?.prefix ?? 0) && hostPrefix <= longest;
  if (!isSize) {
    const rule = `a prefix length that fits the range, ${range?.prefix ?? 0} to ${longest}, is allowed`;
    reader.add(`${where}.hostPrefix`, `${JSON.stringify(hostPrefix)} is refused: ${rule}`);
  }
  const hosts = readHosts(config, lan, where, isSize ? range : undefined, reader);
  if (subnet === undefined || range === undefined || !isSize || hosts === undefined) return undefined;
  const own = config.hosts.flatMap(({ address }) => known(parseAddress(address, v4)));
  if (isRouted) hostsInside(config, subnet, `${where}.subnet`, reader);
  const taken = [...exclude, ...own].filter(
    (address, at, all) => all.findIndex((other) => sameAddress(other, address)) === at,
  );
  const { name } = lan;
  return { name, subnet, range, hostPrefix, ...(gateway && { gateway }), taken, hosts, needs };
}

function readVlan({ vlan, driver }: LanConfig, property: string, reader: Reader): void {
  if (driver === "bridge") {
    const what =
      "a bridge of the host has no VLAN of ours: make the bridge on the VLAN's link, and name the bridge";
    reader.add(property, `${JSON.stringify(vlan)} is refused with the driver bridge: ${what}`);
  } else if (vlan === undefined || !Number.isInteger(vlan) || vlan < 1 || vlan > 4094) {
    reader.add(property, `${JSON.stringify(vlan)} is refused: a VLAN's id is a whole number from 1 to 4094`);
  }
}

function readParent(parent: string, property: string, reader: Reader): void {
  if (interfacePattern.test(parent)) return;
  reader.add(
    property,
    `${JSON.stringify(parent)} is not a link's name: 1 to 15 letters, digits, "_", ".", "-" or "@"`,
  );
}

function readRange(lan: LanConfig, subnet: Range | undefined, property: string, reader: Reader) {
  if (lan.range === undefined) {
    if (lan.driver === "ipvlan-l3") return subnet;
    return reader.add(property, "is missing: the addresses that containers may have, like 192.168.1.128/25");
  }
  const range = reader.read(property, parseRange(lan.range, v4));
  if (range === undefined || subnet === undefined || contains(subnet, range)) return range;
  return reader.add(property, `${lan.range} is outside the subnet ${lan.subnet}`);
}

function readGateway(lan: LanConfig, subnet: Range | undefined, property: string, reader: Reader) {
  if (lan.driver === "ipvlan-l3") {
    if (lan.gateway === undefined) return undefined;
    return reader.add(
      property,
      "is refused with ipvlan-l3, whose containers send everything through the host's card",
    );
  }
  if (lan.gateway === undefined) {
    return reader.add(
      property,
      "is missing: the LAN's router. Without it Docker takes an address of a container for it",
    );
  }
  const gateway = reader.read(property, parseAddress(lan.gateway, v4));
  if (gateway === undefined || subnet === undefined || isUsable(subnet, gateway)) return gateway;
  return reader.add(property, `${lan.gateway} is not an address of a machine in the subnet ${lan.subnet}`);
}

function readExclude(text: string, subnet: Range | undefined, property: string, reader: Reader): Address[] {
  const address = reader.read(property, parseAddress(text, v4));
  if (address === undefined) return [];
  if (subnet === undefined || containsAddress(subnet, address)) return [address];
  reader.add(property, `${text} is outside the subnet ${printRange(subnet)}, so it excludes nothing`);
  return [];
}

/** False for the network's own address and its broadcast address too. */
export function isUsable(subnet: Range, address: Address): boolean {
  if (!containsAddress(subnet, address)) return false;
  return subnet.prefix > 30 || !(sameAddress(subnet.first, address) || sameAddress(subnet.last, address));
}

/** @param range undefined if it or the size is refused already: no pin is judged then */
function readHosts(
  config: LansConfig,
  lan: LanConfig,
  where: string,
  range: Range | undefined,
  reader: Reader,
): readonly HostOfLan[] | undefined {
  const names = config.hosts.map(({ name }) => name);
  const before = reader.faults.length;
  for (const [at, name] of (lan.hosts ?? []).entries()) {
    if (names.includes(name)) continue;
    reader.add(
      `${where}.hosts[${at}]`,
      `${JSON.stringify(name)} is no host of the config; allowed are ${names.join(", ")}`,
    );
  }
  const hosts = config.hosts.flatMap((host, at) => {
    if (lan.hosts !== undefined && !lan.hosts.includes(host.name)) return [];
    const address = reader.read(`hosts[${at}].address`, parseAddress(host.address, v4));
    const own =
      host.lans !== undefined && Object.hasOwn(host.lans, lan.name) ? host.lans[lan.name] : undefined;
    const at2 = `hosts[${at}].lans.${lan.name}`;
    if (own?.parent !== undefined) readParent(own.parent, `${at2}.parent`, reader);
    const pin = own?.range === undefined ? undefined : readPin(own.range, lan, range, `${at2}.range`, reader);
    return address === undefined ? [] : [{ name: host.name, address, ...(pin && { pin }) }];
  });
  samePins(config, lan, hosts, reader);
  return reader.faults.length > before ? undefined : hosts.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readPin(text: string, lan: LanConfig, range: Range | undefined, property: string, reader: Reader) {
  const pin = reader.read(property, parseRange(text, v4));
  if (pin === undefined || range === undefined) return undefined;
  if (pin.prefix !== lan.hostPrefix) {
    return reader.add(
      property,
      `${text} has the wrong size: a host's piece of ${lan.name} is a /${lan.hostPrefix} (hostPrefix)`,
    );
  }
  return contains(range, pin)
    ? pin
    : reader.add(property, `${text} is outside the range ${printRange(range)} of ${lan.name}`);
}

function samePins(config: LansConfig, lan: LanConfig, hosts: readonly HostOfLan[], reader: Reader): void {
  for (const [at, { name, pin }] of hosts.entries()) {
    const other = hosts.slice(0, at).find((each) => each.pin && pin && overlaps(each.pin, pin));
    if (pin === undefined || other === undefined) continue;
    const index = config.hosts.findIndex((host) => host.name === name);
    const reason = `${printRange(pin)} is the pin of ${JSON.stringify(other.name)} already`;
    reader.add(`hosts[${index}].lans.${lan.name}.range`, reason);
  }
}
