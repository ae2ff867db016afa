import { checkMesh, type Mesh } from "./check.js";
import { firstAddress, overlaps, printAddress, printRange, type Range } from "./cidr.js";
import { PlanError, type PlanFault } from "./error.js";
import { allocate, heldParts, type Parts, partsOf } from "./parts.js";
import type { HostPlan, MeshConfig, PartsConfig, Plan } from "./types.js";

/**
 * Decides who has what: each host gets a part of the pool, and its docker0 the first block of that part.
 *
 * A host keeps the part it has in `previous` when others come, go, change places or are pinned. New hosts
 * get the lowest free parts, taken by name; a part that stood in `previous` goes to another host only when
 * no other is free. A renamed host is a new host. A pin always wins, except onto a part that another,
 * unpinned host holds: that is a fault. A pool or prefix that a host's part no longer fits moves that host.
 *
 * Pure: the same config and previous plan give the same plan, in whatever order the hosts are written.
 *
 * @param config The plan's part of a stack's config. The pool may be any unicast range, public ones too.
 * @param previous The last plan; without it every host that has no pin is new.
 * @throws PlanError with every fault of the config at once.
 * @example
 * planMesh({ pool: "172.30.0.0/16", hosts: [{ name: "alpha", address: "192.168.145.128" }] })
 * // { alpha: { address: "192.168.145.128", subnet: "172.30.0.0/24", bridgeAddress: "172.30.0.1/24" } }
 */
export function planMesh(config: MeshConfig, previous: Plan = {}): Plan {
  const parts = new Map(Object.entries(planParts(config, previous)));
  const byName = [...config.hosts].sort((a, b) => (a.name < b.name ? -1 : 1));
  return Object.fromEntries(
    byName.flatMap(({ name, address }) => {
      const part = parts.get(name);
      return part ? [[name, { address, ...part }]] : [];
    }),
  );
}

/**
 * The same for hosts whose own addresses may not be known yet, as those of machines that a preview has not made.
 *
 * @throws PlanError with every fault that can be told without the missing addresses.
 */
export function planParts(
  config: PartsConfig,
  previous: Plan = {},
): Readonly<Record<string, Omit<HostPlan, "address">>> {
  const mesh = checkMesh(config);
  if (!("pool" in mesh)) throw new PlanError(mesh);
  const stood = partsOf(previous);
  const held = heldParts(mesh, stood);
  const faults = pinsOntoHeld(config, mesh, held);
  if (faults.length > 0) throw new PlanError(faults);
  return Object.fromEntries(
    [...allocate(mesh, held, stood)].map(([name, part]) => [name, hostPart(part, mesh.sizes.bridge)]),
  );
}

function hostPart(part: Range, bridgePrefix: number): Omit<HostPlan, "address"> {
  const bridgeAddress = `${printAddress(firstAddress(part))}/${bridgePrefix}`;
  return { subnet: printRange(part), bridgeAddress };
}

/** To give a pinned host what another holds would move that other host, which nobody asked for. */
function pinsOntoHeld(config: PartsConfig, mesh: Mesh, held: Parts): PlanFault[] {
  return mesh.hosts.flatMap(({ name, pin }) =>
    [...held].flatMap(([holder, part]) => {
      if (pin === undefined || !overlaps(pin, part)) return [];
      const at = config.hosts.findIndex((host) => host.name === name);
      const reason =
        `${printRange(pin)}, the pin of "${name}", is the part that "${holder}" holds, which has no pin; ` +
        `pin "${holder}" to another part to move it, or pin "${name}" to a part that is free`;
      return [{ property: `hosts[${at}].subnet`, reason }];
    }),
  );
}
