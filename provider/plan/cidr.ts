import { IPv4, IPv4Prefix } from "ip-num";

/**
 * IPv4 addresses and ranges as small plain values. An address is its 32 bits as a number; a range is its
 * first address and a prefix length, always without host bits.
 */
export interface Range {
  readonly first: number;
  /** A prefix length, 0 to 32. */
  readonly prefix: number;
}

/** What a reader of text made of it, or the reason, in words, why it made nothing of it. */
export type Parsed<T> = { readonly value: T } | { readonly reason: string };

// ip-num takes "/08" and Docker, iptables and nft disagree about what "010" means, so the form is decided
// here, by one pattern each, before anything computes with the text.
const byte = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const addressForm = new RegExp(`^${byte}(?:\\.${byte}){3}$`);
const prefixForm = /^(?:3[0-2]|[12]?[0-9])$/;

const addressRule =
  "an IPv4 address is four numbers from 0 to 255 without leading zeros, like 192.168.145.128";
const rangeRule =
  "an IPv4 range is an address, a slash and a prefix length from 0 to 32 without leading zeros, like 172.30.0.0/16";

/** Every resource of a host reads the host's addresses again: each is computed once in a process. */
function once<Key, Value>(compute: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return (key) => {
    const found = known.get(key) ?? compute(key);
    known.set(key, found);
    return found;
  };
}

const bitsOf = once((address: string) => Number(new IPv4(address).getValue()));
const maskOf = once((prefix: number) => Number(new IPv4Prefix(BigInt(prefix)).toMask().getValue()));

/** Reads "192.168.145.128", and nothing that another program could read as a different address. */
export function parseAddress(text: string): Parsed<number> {
  if (!addressForm.test(text)) return { reason: `${JSON.stringify(text)} is refused: ${addressRule}` };
  return { value: bitsOf(text) };
}

/** Reads a network, "172.30.0.0/16". A value with host bits is refused, with the network it lies in. */
export function parseRange(text: string): Parsed<Range> {
  const parsed = parseInterface(text);
  if ("reason" in parsed) return parsed;
  const { address, range } = parsed.value;
  if (address === range.first) return { value: range };
  return { reason: `${text} has host bits set; the network is ${printRange(range)}` };
}

/** Reads an address with its network, the form of a bip: "172.30.1.1/24". */
export function parseInterface(text: string): Parsed<{ readonly address: number; readonly range: Range }> {
  const [addressText = "", prefixText = "", ...more] = String(text).split("/");
  if (!addressForm.test(addressText) || !prefixForm.test(prefixText) || more.length > 0) {
    return { reason: `${JSON.stringify(text)} is refused: ${rangeRule}` };
  }
  const address = bitsOf(addressText);
  return { value: { address, range: rangeAround(address, Number(prefixText)) } };
}

/** The range of this size that the address lies in. */
export function rangeAround(address: number, prefix: number): Range {
  const mask = maskOf(prefix);
  // `&` gives a signed number; `>>> 0` takes the same 32 bits as unsigned.
  return { first: (address & mask) >>> 0, prefix };
}

export function printAddress(address: number): string {
  return IPv4.fromNumber(BigInt(address)).toString();
}

export function printRange(range: Range): string {
  return `${printAddress(range.first)}/${range.prefix}`;
}

/** How many addresses the range has. */
export function size(range: Range): number {
  return 2 ** (32 - range.prefix);
}

export function last(range: Range): number {
  return range.first + size(range) - 1;
}

export function contains(outer: Range, inner: Range): boolean {
  return outer.first <= inner.first && last(inner) <= last(outer);
}

export function containsAddress(range: Range, address: number): boolean {
  return range.first <= address && address <= last(range);
}

export function overlaps(a: Range, b: Range): boolean {
  return a.first <= last(b) && b.first <= last(a);
}

/** How many ranges of this size lie in `outer`: 256 for /24 in a /16, none where `prefix` is the larger range. */
export function countOf(outer: Range, prefix: number): number {
  return prefix < outer.prefix ? 0 : 2 ** (prefix - outer.prefix);
}

/** The nth range of this size in `outer`, counted from 0; undefined where there is none. */
export function nth(outer: Range, prefix: number, n: number): Range | undefined {
  if (n < 0 || n >= countOf(outer, prefix)) return undefined;
  return { first: outer.first + n * 2 ** (32 - prefix), prefix };
}

/** The first address that a machine can have: the network's own address is not one. */
export function firstAddress(range: Range): number {
  return range.prefix >= 31 ? range.first : range.first + 1;
}
