import type { Mesh } from "./check.js";
import { type Address, contains, countOf, nth, overlaps, type Range, sameAddress } from "./cidr.js";

/** A range to share out, and the hosts that share it. */
export interface Grid extends Pick<Mesh, "pool" | "hosts"> {
  readonly sizes: Pick<Mesh["sizes"], "host">;
  /** Subnets that no host can have. @default [] */
  readonly blocked?: readonly Range[];
}

/** The subnet of each host, by the host's name. */
export type Subnets = ReadonlyMap<string, Range>;

/** A host of the last plan, its texts read. */
export interface Former {
  readonly name: string;
  readonly subnet: Range;
  readonly address: Address | undefined;
}

/** The subnets that hosts without a pin have already and keep: the size is the same and the pool still contains it. */
export function heldSubnets(mesh: Grid, former: readonly Former[]): Subnets {
  const before = new Map(former.map(({ name, subnet }) => [name, subnet]));
  const held = new Map<string, Range>();
  // Subnets that fit have one size, so two of them overlap only where they begin with the same address.
  const taken = new Set<bigint>();
  for (const { name, pin } of mesh.hosts) {
    const subnet = pin === undefined ? before.get(name) : undefined;
    // Only a plan that was not made here can give a subnet twice; one of the two hosts has to move then.
    if (subnet === undefined || !fits(mesh, subnet) || taken.has(subnet.first.value)) continue;
    taken.add(subnet.first.value);
    held.set(name, subnet);
  }
  return held;
}

/**
 * The subnets that renamed hosts keep: a new name at the address of a host that left the plan is the same
 * machine. A pin or a host that already holds the subnet goes first.
 */
function renamedSubnets(mesh: Grid, held: Subnets, former: readonly Former[]): Subnets {
  const pins = mesh.hosts.flatMap(({ pin }) => (pin === undefined ? [] : [pin]));
  const taken = new Set([...held.values(), ...pins].map(({ first }) => first.value));
  const kept = new Map<string, Range>();
  for (const { name, was } of renamed(mesh, former)) {
    if (!fits(mesh, was.subnet) || taken.has(was.subnet.first.value)) continue;
    taken.add(was.subnet.first.value);
    kept.set(name, was.subnet);
  }
  return kept;
}

function renamed(
  { hosts }: Grid,
  former: readonly Former[],
): readonly { readonly name: string; readonly was: Former }[] {
  const names = new Set(hosts.map(({ name }) => name));
  const known = new Set(former.map(({ name }) => name));
  const left = former.filter(({ name }) => !names.has(name));
  return hosts.flatMap(({ name, pin, address }) => {
    if (pin !== undefined || address === undefined || known.has(name)) return [];
    const was = left.find((each) => each.address !== undefined && sameAddress(each.address, address));
    return was === undefined ? [] : [{ name, was }];
  });
}

/** Every host's subnet: pins and held subnets as they are, renamed hosts' former ones, then new ones by name. */
export function allocate(mesh: Grid, held: Subnets, former: readonly Former[]): Subnets {
  const { pool, sizes, hosts, blocked = [] } = mesh;
  const subnets = new Map([...held, ...renamedSubnets(mesh, held, former)]);
  for (const { name, pin } of hosts) if (pin) subnets.set(name, pin);
  const slots = new Slots(pool, sizes.host);
  for (const subnet of [...subnets.values(), ...blocked]) slots.take(subnet);
  for (const { name, subnet } of former) slots.take(subnet, name);
  const give = (avoidsFormer: boolean) => {
    for (const { name } of hosts) {
      const subnet = subnets.has(name) ? undefined : slots.lowestFree(name, avoidsFormer);
      if (subnet === undefined) continue;
      subnets.set(name, subnet);
      slots.take(subnet);
    }
  };
  // The last plan's subnets are given away last: their former hosts' addresses may still be in routes, in
  // firewalls and in people's heads. So all hosts choose from the others before one gets such a subnet.
  give(true);
  give(false);
  return subnets;
}

function fits({ pool, sizes, blocked = [] }: Grid, subnet: Range): boolean {
  return (
    subnet.prefix === sizes.host && contains(pool, subnet) && !blocked.some((each) => overlaps(each, subnet))
  );
}

/** Slots `from` to `to` are not free; with `former`, they are free only for the host of that name. */
interface Taken {
  readonly from: bigint;
  readonly to: bigint;
  readonly former?: string;
}

/** The pool as slots, numbered from 0, each as large as one host's subnet. A /8 of small slots costs no more than its hosts. */
class Slots {
  /** In the order of `from`. */
  readonly #taken: Taken[] = [];
  readonly #each: bigint;

  constructor(
    private readonly pool: Range,
    private readonly prefix: number,
  ) {
    this.#each = (pool.last.value - pool.first.value + 1n) / countOf(pool, prefix);
  }

  take(range: Range, former?: string): void {
    if (!overlaps(this.pool, range)) return;
    const slot = (value: bigint) => (value - this.pool.first.value) / this.#each;
    const taken = { from: slot(range.first.value), to: slot(range.last.value), ...(former && { former }) };
    const after = this.#taken.findIndex(({ from }) => from > taken.from);
    this.#taken.splice(after < 0 ? this.#taken.length : after, 0, taken);
  }

  /** The lowest slot that is free for the host `name`. */
  lowestFree(name: string, avoidsFormer: boolean): Range | undefined {
    let n = 0n;
    for (const { from, to, former } of this.#taken) {
      if (former !== undefined && (!avoidsFormer || former === name)) continue;
      if (from > n) break;
      if (to >= n) n = to + 1n;
    }
    return nth(this.pool, this.prefix, n);
  }
}
