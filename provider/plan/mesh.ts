import { allocate, type Former, heldSubnets, type Subnets } from "./allocate.js";
import { checkMesh, type Mesh } from "./check.js";
import { firstAddress, parseAddress, parseRange, printAddress, printRange, type Range } from "./cidr.js";
import { PlanError, type PlanFault } from "./error.js";
import type { HostSubnet, MeshConfig, PartialMesh, Plan } from "./types.js";

/**
 * Gives each host a subnet of the pool, and its docker0 the first block of that subnet.
 *
 * A host keeps the subnet that it has in `previous` when other hosts join, leave, change their order or are
 * pinned. New hosts get the lowest free subnets, taken by name; a subnet of `previous` goes to another host only
 * when no other is free. A renamed host is a new host, with one exception: a new name at the address of a host
 * that left the plan is the same machine, and keeps its subnet unless a pin or another host has it. A pin always
 * wins, except onto a subnet that another, unpinned host holds: that is a fault. A new pool or prefix that a
 * host's subnet does not fit moves that host.
 *
 * Pure: the same config and previous plan give the same plan, whatever the order of the hosts.
 *
 * @param config The keys of a stack's config that decide about addresses. The pool may be any unicast range, public ones too.
 * @param previous The last plan; without it every host that has no pin is new.
 * @throws PlanError with every fault of the config at once.
 * @example
 * planMesh({ pool: "172.30.0.0/16", hosts: [{ name: "alpha", address: "192.168.145.128" }] })
 * // { alpha: { address: "192.168.145.128", subnet: "172.30.0.0/24", bridgeAddress: "172.30.0.1/24" } }
 */
export function planMesh(config: MeshConfig, previous: Plan = {}): Plan {
  const subnets = new Map(Object.entries(planSubnets(config, previous)));
  const byName = [...config.hosts].sort((a, b) => (a.name < b.name ? -1 : 1));
  return Object.fromEntries(
    byName.flatMap(({ name, address }) => {
      const own = subnets.get(name);
      return own ? [[name, { address, ...own }]] : [];
    }),
  );
}

/**
 * The subnets of hosts whose addresses may not be known yet, as those of machines that a preview has not made.
 * A host is left out where its subnet depends on a missing address: it may be a renamed one.
 *
 * @throws PlanError with every fault that can be found without the missing addresses.
 */
export function planSubnets(config: PartialMesh, previous: Plan = {}): Readonly<Record<string, HostSubnet>> {
  const mesh = checkMesh(config);
  if (!("pool" in mesh)) throw new PlanError(mesh);
  const former = formerHosts(previous);
  const held = heldSubnets(mesh, former);
  const faults = pinsOntoHeld(config, mesh, held);
  if (faults.length > 0) throw new PlanError(faults);
  const certain = new Set(
    mesh.hosts.filter(({ name, pin }) => pin !== undefined || held.has(name)).map(({ name }) => name),
  );
  const isOpen = mayRename(mesh, former);
  return Object.fromEntries(
    [...allocate(mesh, held, former)]
      .filter(([name]) => !isOpen || certain.has(name))
      .map(([name, subnet]) => [name, hostSubnet(subnet, mesh.sizes.bridge)]),
  );
}

/** The hosts of the last plan. A subnet that cannot be read is no reason to keep anything. */
function formerHosts(plan: Plan): readonly Former[] {
  return Object.entries(plan).flatMap(([name, host]) => {
    const subnet = parseRange(host.subnet);
    const address = parseAddress(host.address);
    if (!("value" in subnet)) return [];
    return [{ name, subnet: subnet.value, address: "value" in address ? address.value : undefined }];
  });
}

/** True if a host left the plan, and a new one may have its address. */
function mayRename({ hosts }: Mesh, former: readonly Former[]): boolean {
  const names = new Set(hosts.map(({ name }) => name));
  const known = new Set(former.map(({ name }) => name));
  const hasLeft = former.some(({ name }) => !names.has(name));
  return hasLeft && hosts.some(({ name, pin, address }) => !pin && !address && !known.has(name));
}

function hostSubnet(subnet: Range, bridgePrefix: number): HostSubnet {
  const bridgeAddress = `${printAddress(firstAddress(subnet))}/${bridgePrefix}`;
  return { subnet: printRange(subnet), bridgeAddress };
}

/** A pin onto a subnet that another host holds would move that other host without being asked to. */
function pinsOntoHeld(config: PartialMesh, mesh: Mesh, held: Subnets): PlanFault[] {
  // All of them have one size, so a pin meets a held subnet only where both begin with the same address.
  const holders = new Map([...held].map(([name, { first }]) => [first.value, name]));
  return mesh.hosts.flatMap(({ name, pin }) => {
    const holder = pin && holders.get(pin.first.value);
    if (pin === undefined || holder === undefined) return [];
    const at = config.hosts.findIndex((host) => host.name === name);
    const reason =
      `${printRange(pin)}, the pin of "${name}", is the subnet of "${holder}", which has no pin; ` +
      `pin "${holder}" to another subnet to move it, or pin "${name}" to a free one`;
    return [{ property: `hosts[${at}].subnet`, reason }];
  });
}
