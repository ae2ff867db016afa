import { countOf, type Range } from "./cidr.js";
import type { PlanFault } from "./error.js";
import type { PartialMesh } from "./types.js";

/** The prefix lengths of a mesh, each with its default filled in. */
export interface Sizes {
  readonly host: number;
  readonly bridge: number;
  readonly network: number;
}

/** A /31 has no room for a bridge's address and one container beside the network's and the broadcast address. */
export const smallest = 30;

/** The sizes that a config asks for, right or wrong; `sizeFaults` checks them. */
export function sizes(config: PartialMesh): Sizes {
  const host = config.hostPrefix ?? 24;
  const bridge = config.bridgePrefix ?? Math.max(24, host);
  // In a subnet of a /24 or smaller no /24 fits beside the bridge's block, so networks get the block's size.
  return { host, bridge, network: config.networkPrefix ?? (host < 24 ? 24 : bridge) };
}

export function sizeFaults(config: PartialMesh, pool: Range | undefined): PlanFault[] {
  const { host, bridge, network } = sizes(config);
  const hostFault = outside("hostPrefix", host, pool?.prefix ?? 0, "the pool");
  if (hostFault) return [hostFault];
  const faults = [
    outside("bridgePrefix", bridge, host, "a host's subnet"),
    // Its default follows the bridge's size, so only a value that a person wrote can be wrong.
    config.networkPrefix === undefined
      ? undefined
      : outside("networkPrefix", network, host, "a host's subnet"),
  ].filter((fault) => fault !== undefined);
  if (faults.length > 0 || bridge === host || network > host) return faults;
  // The bridge has the first block, so a network as large as the subnet never gets its addresses.
  const reason =
    `a network of /${network} takes the whole subnet, of which docker0 already has a /${bridge}; ` +
    `allowed are ${host + 1} to ${smallest}`;
  return [{ property: "networkPrefix", reason }];
}

function outside(property: string, value: number, from: number, whole: string): PlanFault | undefined {
  if (Number.isInteger(value) && value >= from && value <= smallest) return undefined;
  const rule = `a prefix length that fits ${whole}, ${from} to ${smallest}, is allowed`;
  return { property, reason: `${JSON.stringify(value)} is refused: ${rule}` };
}

/** The fault of a pool with fewer subnets than hosts. */
export function roomFault(pool: Range, hostPrefix: number, asked: number): PlanFault | undefined {
  const fit = countOf(pool, hostPrefix);
  if (asked <= fit) return undefined;
  const reason =
    `the pool is full: it has ${fit} subnet${fit === 1n ? "" : "s"} of /${hostPrefix}, and the config has ${asked} hosts; ` +
    "take a larger pool or a longer hostPrefix";
  return { property: "pool", reason };
}
