import { allocate, type Former, type Grid, heldSubnets, type Subnets } from "./allocate.js";
import {
  containsAddress,
  countOf,
  parseAddress,
  parseRange,
  printAddress,
  printRange,
  type Range,
  rangeAround,
  sameAddress,
  size,
} from "./cidr.js";
import { PlanError, type PlanFault } from "./error.js";
import { checkLans, isFaults, isUsable, type Lan } from "./lan-check.js";
import type { LanPiece, LanPlan, LansConfig } from "./lan-config.js";

/**
 * Gives each host a piece of every LAN that it has containers on, so that no two Dockers hand out one address.
 *
 * The rules are those of `planMesh`: a host keeps the piece that it has in `previous` when other hosts join, leave or
 * are pinned; new hosts get the lowest free pieces, taken by name; a piece of `previous` goes to another host only when
 * no other is free; a new name at the address of a host that left is the same machine; a pin wins, except onto a piece
 * that another, unpinned host holds.
 *
 * The addresses of the hosts, the gateway and `exclude` go to no container: those in a host's piece are `reserved`,
 * which is Docker's `--aux-address`, and a piece that they fill goes to nobody.
 *
 * Pure: the same config and previous plan give the same plan, whatever the order of the hosts. Its result is what
 * networks need that another program makes, as those of `@pulumi/docker`.
 *
 * @param config The LANs and the hosts. Addresses are IPv4.
 * @param previous The last plan; without it every host that has no pin is new.
 * @throws PlanError with every fault of all LANs at once.
 * @example
 * lanPlan({
 *   lans: [{ name: "lan", driver: "macvlan", subnet: "192.168.1.0/24", gateway: "192.168.1.1", range: "192.168.1.128/25", hostPrefix: 28 }],
 *   hosts: [{ name: "alpha", address: "192.168.1.11" }],
 * })
 * // { lan: { alpha: { address: "192.168.1.11", range: "192.168.1.128/28", reserved: [] } } }
 */
export function lanPlan(config: LansConfig, previous: LanPlan = {}): LanPlan {
  const lans = checkLans(config);
  if (isFaults(lans)) throw new PlanError(lans, "the LANs");
  const planned = lans.map((lan, at) => planLan(config, lan, at, previous));
  const faults = planned.flatMap((each) => each.faults);
  if (faults.length > 0) throw new PlanError(faults, "the LANs");
  return Object.fromEntries(planned.map(({ name, pieces }) => [name, pieces]));
}

interface Planned {
  readonly name: string;
  readonly pieces: Readonly<Record<string, LanPiece>>;
  readonly faults: readonly PlanFault[];
}

function planLan(config: LansConfig, lan: Lan, at: number, previous: LanPlan): Planned {
  const blocked = blockedIn(lan);
  const grid: Grid = { pool: lan.range, sizes: { host: lan.hostPrefix }, hosts: lan.hosts, blocked };
  const former = formerHosts(lan, previous);
  const held = heldSubnets(grid, former);
  const faults = [...full(lan, at, blocked), ...pinFaults(config, lan, held, blocked)];
  const pieces = faults.length > 0 ? new Map<string, Range>() : allocate(grid, held, former);
  const all = lan.hosts.flatMap(({ name, address }): [string, LanPiece][] => {
    const range = pieces.get(name);
    if (range === undefined) return [];
    return [
      [name, { address: printAddress(address), range: printRange(range), reserved: reservedIn(lan, range) }],
    ];
  });
  return { name: lan.name, pieces: Object.fromEntries(all), faults };
}

/** The hosts of the last plan. A piece that cannot be read is no reason to keep anything. */
function formerHosts({ name: lan }: Lan, previous: LanPlan): readonly Former[] {
  const pieces = Object.hasOwn(previous, lan) ? previous[lan] : undefined;
  return Object.entries(pieces ?? {}).flatMap(([name, piece]) => {
    const subnet = parseRange(piece.range);
    const address = parseAddress(piece.address);
    if (!("value" in subnet)) return [];
    return [{ name, subnet: subnet.value, address: "value" in address ? address.value : undefined }];
  });
}

/** Docker itself keeps the gateway from containers, and refuses it among the reserved addresses. */
function reservedIn({ taken, gateway, subnet }: Lan, piece: Range): readonly string[] {
  return taken
    .filter((address) => containsAddress(piece, address) && isUsable(subnet, address))
    .filter((address) => gateway === undefined || !sameAddress(gateway, address))
    .sort((a, b) => (a.value < b.value ? -1 : 1))
    .map(printAddress);
}

/** The pieces that have too few addresses for containers. */
function blockedIn(lan: Lan): readonly Range[] {
  const { taken, gateway, subnet, range, hostPrefix, needs } = lan;
  const lost = [
    ...taken,
    ...(gateway ? [gateway] : []),
    ...(subnet.prefix > 30 ? [] : [subnet.first, subnet.last]),
  ];
  const counts = new Map<string, { readonly piece: Range; readonly addresses: Set<bigint> }>();
  for (const address of lost.filter((each) => containsAddress(range, each))) {
    const piece = rangeAround(address, hostPrefix);
    const count = counts.get(printRange(piece)) ?? { piece, addresses: new Set() };
    count.addresses.add(address.value);
    counts.set(printRange(piece), count);
  }
  return [...counts.values()]
    .filter(({ piece, addresses }) => size(piece) - BigInt(addresses.size) < needs)
    .map(({ piece }) => piece);
}

function full({ range, hostPrefix, hosts }: Lan, at: number, blocked: readonly Range[]): PlanFault[] {
  const fit = countOf(range, hostPrefix) - BigInt(blocked.length);
  if (hosts.length <= fit) return [];
  const lost = blocked.length === 0 ? "" : ` beside ${blocked.length} that other machines fill`;
  const reason =
    `the range ${printRange(range)} is full: it has ${fit} piece${fit === 1n ? "" : "s"} of /${hostPrefix}${lost}, ` +
    `and ${hosts.length} hosts need one; take a larger range or a longer hostPrefix`;
  return [{ property: `lans[${at}].range`, reason }];
}

/** A pin onto a piece that another host holds would move that other host without being asked to. */
function pinFaults(config: LansConfig, lan: Lan, held: Subnets, blocked: readonly Range[]): PlanFault[] {
  const holders = new Map([...held].map(([name, { first }]) => [first.value, name]));
  return lan.hosts.flatMap(({ name, pin }) => {
    if (pin === undefined) return [];
    const property = `hosts[${config.hosts.findIndex((host) => host.name === name)}].lans.${lan.name}.range`;
    const holder = holders.get(pin.first.value);
    if (holder !== undefined) {
      const reason =
        `${printRange(pin)}, the pin of "${name}", is the piece of "${holder}", which has no pin; ` +
        `pin "${holder}" to another piece to move it, or pin "${name}" to a free one`;
      return [{ property, reason }];
    }
    const isBlocked = blocked.some(({ first }) => first.value === pin.first.value);
    const reason = `${printRange(pin)} has too few addresses that no other machine has`;
    return isBlocked ? [{ property, reason }] : [];
  });
}
