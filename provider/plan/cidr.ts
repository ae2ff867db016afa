/**
 * Addresses and ranges of both families. ip-num reads, prints, computes and compares them; this file decides
 * on the texts that are accepted and on the words of a refusal.
 */
import {
  collapseIPv6Number,
  IPv4,
  IPv4CidrRange,
  IPv4Prefix,
  IPv6,
  IPv6CidrRange,
  IPv6Prefix,
  isIPv4,
  RangedSet,
} from "ip-num";
import { type Family, v4, v6 } from "./family.js";

/** An address of either family, as ip-num has it: `value` is its bits. */
export type Address = IPv4 | IPv6;

/** The addresses under one prefix. A range never has host bits, so two spellings of it are one value. */
export interface Range {
  readonly family: Family;
  readonly first: Address;
  readonly last: Address;
  /** A prefix length, 0 to the family's bits. */
  readonly prefix: number;
}

/** An address together with its network, the form of a bip and of `ip addr`. */
export interface InterfaceAddress {
  readonly address: Address;
  readonly range: Range;
}

/** The value that a reader made of a text, or in words why it made none. */
export type Parsed<T> = { readonly value: T } | { readonly reason: string };

/** The differences between the families in ip-num. */
const numbers = {
  IPv4: {
    read: (text: string): Address => IPv4.fromString(text),
    at: (value: bigint): Address => IPv4.fromNumber(value),
    around: (value: bigint, prefix: number) =>
      new IPv4CidrRange(IPv4.fromNumber(value), IPv4Prefix.fromNumber(BigInt(prefix))),
  },
  IPv6: {
    // ip-num keeps the spelling it read, so the same address is built anew from its bits.
    read: (text: string): Address => IPv6.fromBigInt(IPv6.fromString(text).value),
    at: (value: bigint): Address => IPv6.fromBigInt(value),
    around: (value: bigint, prefix: number) =>
      new IPv6CidrRange(IPv6.fromBigInt(value), IPv6Prefix.fromNumber(BigInt(prefix))),
  },
} as const;

const addressRules = {
  IPv4: "an IPv4 address is four numbers from 0 to 255 without leading zeros",
  IPv6: "an IPv6 address is up to eight groups of hexadecimal digits, without a zone",
} as const;

/**
 * Reads one address, "192.168.145.128" or "fd00::1".
 *
 * @param family Addresses of the other family are refused. @default both are read
 */
export const parseAddress = remembered((text, family): Parsed<Address> => {
  const address = readAddress(text, family ?? familyIn(text));
  if (address !== undefined) return { value: address };
  const rules = (family ? [family] : [v4, v6]).map(
    ({ name, example }) => `${addressRules[name]}, like ${example.address}`,
  );
  return { reason: `${JSON.stringify(text)} is refused: ${rules.join("; ")}` };
});

/**
 * Reads a range, "172.30.0.0/16" or "fd00:1::/64". A value with host bits is refused, and the reason names its network.
 *
 * @param family Ranges of the other family are refused. @default both are read
 */
export function parseRange(text: string, family?: Family): Parsed<Range> {
  const parsed = parseInterface(text, family);
  if ("reason" in parsed) return parsed;
  const { address, range } = parsed.value;
  if (sameAddress(address, range.first)) return { value: range };
  return { reason: `${text} has host bits set; the network is ${printRange(range)}` };
}

/** Reads a range, or one address as the range that holds it alone: "10.0.0.1" is "10.0.0.1/32". */
export function parseHostOrRange(text: string, family?: Family): Parsed<Range> {
  return parseRange(text.includes("/") ? text : `${text}/${(family ?? familyIn(text)).bits}`, family);
}

/** Reads an address together with its network, "172.30.1.1/24". */
export const parseInterface = remembered((text, family): Parsed<InterfaceAddress> => {
  const [addressText = "", prefixText = "", ...more] = String(text).split("/");
  const read = family ?? familyIn(addressText);
  const address = readAddress(addressText, read);
  const prefix = readPrefix(prefixText, read);
  if (address === undefined || prefix === undefined || more.length > 0) {
    const rules = (family ? [family] : [v4, v6]).map(
      ({ name, bits, example }) =>
        `an ${name} range is an address, a slash and a prefix length from 0 to ${bits} without leading zeros, like ${example.range}`,
    );
    return { reason: `${JSON.stringify(text)} is refused: ${rules.join("; ")}` };
  }
  return { value: { address, range: rangeAround(address, prefix) } };
});

/** A large mesh reads the same texts for every peer, and each reading takes time. */
function remembered<T>(read: (text: string, family?: Family) => Parsed<T>): typeof read {
  const known = new Map<string, Parsed<T>>();
  return (text, family) => {
    const key = `${family?.name ?? ""} ${text}`;
    const found = known.get(key) ?? read(text, family);
    if (known.size > 20_000) known.clear();
    if ("value" in found) known.set(key, found);
    return found;
  };
}

/** The family of an address or range as a text, valid or not: only IPv6 has a colon. */
export function familyIn(text: string): Family {
  return String(text).includes(":") ? v6 : v4;
}

function readAddress(text: string, { name }: Family): Address | undefined {
  // ip-num keeps a zone (fe80::1%eth0) beside the address; no range and no route of ours has one.
  if (text.includes("%")) return undefined;
  try {
    return numbers[name].read(text);
  } catch {
    return undefined;
  }
}

/** ip-num takes "/08", which other programs read as octal or refuse. */
function readPrefix(text: string, { bits }: Family): number | undefined {
  const prefix = /^(?:0|[1-9][0-9]{0,2})$/.test(text) ? Number(text) : Number.NaN;
  return prefix <= bits ? prefix : undefined;
}

/** RFC 5952's form for IPv6: lower case, the longest run of zeros as "::". */
export function printAddress(address: Address): string {
  return isIPv4(address) ? address.toString() : collapseIPv6Number(address.toString());
}

export function printRange({ first, prefix }: Range): string {
  return `${printAddress(first)}/${prefix}`;
}

function familyOf(address: Address): Family {
  return isIPv4(address) ? v4 : v6;
}

/** The range of this size that holds the address. */
export function rangeAround(address: Address, prefix: number): Range {
  const family = familyOf(address);
  const { around, at } = numbers[family.name];
  const range = around(address.value, prefix);
  const first = range.getFirst();
  // `getLast` would compute the mask, the slow step, once more.
  return { family, first, last: at(first.value + range.getSize() - 1n), prefix };
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.type === b.type && a.isEquals(b);
}

/** A range of one family contains and overlaps none of the other. */
export function contains(outer: Range, inner: Range): boolean {
  return outer.family === inner.family && spanOf(outer).contains(spanOf(inner));
}

export function overlaps(a: Range, b: Range): boolean {
  return a.family === b.family && spanOf(a).isOverlapping(spanOf(b));
}

export function containsAddress(range: Range, address: Address): boolean {
  return (
    range.first.type === address.type &&
    range.first.isLessThanOrEquals(address) &&
    range.last.isGreaterThanOrEquals(address)
  );
}

/** ip-num compares a CidrRange by computing its mask each time; the same comparison of its two ends is direct. */
function spanOf({ first, last }: Range): RangedSet<Address> {
  return new RangedSet(first, last);
}

/** The number of addresses in the range. */
export function size(range: Range): bigint {
  return spanOf(range).getSize();
}

/** The number of ranges of this size in `outer`: 256 for /24 in a /16, none where `prefix` is the larger range. */
export function countOf(outer: Range, prefix: number): bigint {
  return prefix < outer.prefix ? 0n : 1n << BigInt(prefix - outer.prefix);
}

/** The nth range of this size in `outer`, counted from 0; undefined where there is none. */
export function nth(outer: Range, prefix: number, n: bigint): Range | undefined {
  if (n < 0n || n >= countOf(outer, prefix)) return undefined;
  const each = size(outer) / countOf(outer, prefix);
  return rangeAround(numbers[outer.family.name].at(outer.first.value + n * each), prefix);
}

/** The address so many after the range's first one, or before its last one where `n` is negative. */
export function addressAt({ family, first, last }: Range, n: bigint): Address {
  return numbers[family.name].at(n < 0n ? last.value + n : first.value + n);
}

/** The first address that a machine can have: the network's own address is not one. */
export function firstAddress(range: Range): Address {
  return range.prefix >= range.family.bits - 1 ? range.first : range.first.nextIPNumber();
}
