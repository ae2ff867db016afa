/** Keys of a config that are good alone and not together. */
import { containsAddress, overlaps, parseAddress, parseRange, printRange, type Range } from "./cidr.js";
import { v4 } from "./family.js";
import type { Lan } from "./lan-check.js";
import type { LansConfig } from "./lan-config.js";
import { known, type Reader } from "./reader.js";

/** A route to containers must not cover the way to their host. */
export function hostsInside(config: LansConfig, subnet: Range, property: string, reader: Reader): void {
  const inside = config.hosts.filter(({ address }) =>
    known(parseAddress(address, v4)).some((each) => containsAddress(subnet, each)),
  );
  if (inside.length === 0) return;
  const who = inside.map(({ name, address }) => `${name} (${address})`).join(", ");
  reader.add(
    property,
    `${printRange(subnet)} holds the addresses of ${who}: with ipvlan-l3 the containers need a range of their own, like 10.91.0.0/16`,
  );
}

export function namesOnce({ lans }: LansConfig, reader: Reader): void {
  for (const [at, { name }] of lans.entries()) {
    const before = lans.findIndex((other) => other.name === name);
    if (before < at)
      reader.add(`lans[${at}].name`, `${JSON.stringify(name)} is already the name of lans[${before}]`);
  }
}

export function unknownLans({ lans, hosts }: LansConfig, reader: Reader): void {
  for (const [at, host] of hosts.entries()) {
    for (const name of Object.keys(host.lans ?? {})) {
      const lan = lans.find((each) => each.name === name);
      const property = `hosts[${at}].lans.${name}`;
      if (lan === undefined) reader.add(property, `there is no LAN ${JSON.stringify(name)} in lans`);
      else if (lan.hosts !== undefined && !lan.hosts.includes(host.name)) {
        reader.add(property, `${host.name} is not among the hosts of ${name}`);
      }
    }
  }
}

/** Ranges that meet those of another LAN or of the mesh. */
export function meeting({ lans, pool }: LansConfig, read: readonly Lan[], reader: Reader): void {
  const mesh = pool === undefined ? [] : known(parseRange(pool, v4));
  for (const [at, lan] of read.entries()) {
    const property = `lans[${at}].subnet`;
    if (mesh.some((each) => overlaps(each, lan.subnet))) {
      reader.add(
        property,
        `${printRange(lan.subnet)} overlaps the pool ${pool}, from which the hosts' docker0 get their addresses`,
      );
    }
    for (const [before, other] of read.slice(0, at).entries()) {
      if (!overlaps(lan.subnet, other.subnet)) continue;
      const both = lan.hosts.find(({ name }) => other.hosts.some((host) => host.name === name));
      const what = `${printRange(lan.subnet)} overlaps ${printRange(other.subnet)} of ${other.name}`;
      const isOneWire = lans[at]?.vlan === lans[before]?.vlan;
      if (both !== undefined) {
        reader.add(property, `${what}, and ${both.name} has both: Docker takes a subnet once on a host`);
      } else if (isOneWire && overlaps(lan.range, other.range)) {
        const ranges = `${printRange(lan.range)} overlaps ${printRange(other.range)} of ${other.name}`;
        reader.add(`lans[${at}].range`, `${ranges}: two containers could get one address`);
      }
    }
  }
}
