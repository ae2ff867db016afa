import type { Mesh } from "./check.js";
import { contains, last, nth, overlaps, parseRange, type Range, size } from "./cidr.js";
import type { Plan } from "./types.js";

/** By host name, a part of the pool. */
export type Parts = ReadonlyMap<string, Range>;

/** The parts of the last plan. A part that cannot be read is no reason to keep anything. */
export function partsOf(plan: Plan): Parts {
  return new Map(
    Object.entries(plan).flatMap(([name, { subnet }]) => {
      const parsed = parseRange(subnet);
      return "value" in parsed ? [[name, parsed.value] as const] : [];
    }),
  );
}

/** What hosts without a pin hold already and go on holding: the size is the same and the pool still has it. */
export function heldParts({ pool, sizes, hosts }: Mesh, stood: Parts): Parts {
  const held = new Map<string, Range>();
  for (const { name, pin } of hosts) {
    const part = pin === undefined ? stood.get(name) : undefined;
    if (part === undefined || part.prefix !== sizes.host || !contains(pool, part)) continue;
    // Only a plan that was not made here can give a part twice; one of the two has to move then.
    if (![...held.values()].some((other) => overlaps(other, part))) held.set(name, part);
  }
  return held;
}

/** Every host's part: pins and held parts as they are, then the new hosts by name. */
export function allocate(mesh: Mesh, held: Parts, stood: Parts): Parts {
  const { pool, sizes, hosts } = mesh;
  const parts = new Map(held);
  for (const { name, pin } of hosts) if (pin) parts.set(name, pin);
  const give = (name: string, avoided: readonly Range[]) => {
    const part = parts.has(name) ? undefined : lowestFree(pool, sizes.host, [...parts.values(), ...avoided]);
    if (part) parts.set(name, part);
  };
  // The parts of the last plan are given away last: their old holder's addresses may still be in use in
  // routes, in firewalls and in people's heads. All hosts choose from the others before one takes such a part.
  for (const { name } of hosts) give(name, partsOfOthers(stood, name));
  for (const { name } of hosts) give(name, []);
  return parts;
}

function partsOfOthers(stood: Parts, name: string): Range[] {
  return [...stood].flatMap(([holder, part]) => (holder === name ? [] : [part]));
}

/** The lowest range of this size in the pool that touches none of `busy`. Leaps over what is busy, so a /8 costs nothing. */
export function lowestFree(pool: Range, prefix: number, busy: readonly Range[]): Range | undefined {
  const step = 2 ** (32 - prefix);
  let n = 0;
  for (const range of [...busy].sort((a, b) => a.first - b.first)) {
    const candidate = nth(pool, prefix, n);
    if (candidate === undefined || range.first > last(candidate)) return candidate;
    if (overlaps(candidate, range)) n = Math.ceil((range.first + size(range) - pool.first) / step);
  }
  return nth(pool, prefix, n);
}
