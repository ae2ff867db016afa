import {
  type Address,
  contains,
  containsAddress,
  overlaps,
  type Parsed,
  parseAddress,
  parseRange,
  printRange,
  type Range,
} from "./cidr.js";
import type { PlanFault } from "./error.js";
import { type Family, v4 } from "./family.js";
import { hostNamePattern } from "./names.js";
import { roomFault, type Sizes, sizeFaults, sizes } from "./sizes.js";
import type { PartialMesh } from "./types.js";
import { wayFaults } from "./way-faults.js";

/** A config whose texts were all read and found good. */
export interface Mesh {
  readonly pool: Range;
  readonly sizes: Sizes;
  /** In the order of their names. */
  readonly hosts: readonly CheckedHost[];
}

interface CheckedHost {
  readonly name: string;
  readonly address?: Address;
  readonly pin?: Range;
}

/** The family of a mesh's pool and of its hosts' addresses. */
const family: Family = v4;

interface Unusable {
  readonly range: Range;
  readonly what: string;
  /** Peers may route to an address in it, though no container can be there. */
  readonly forHosts?: true;
}

// Public ranges are allowed: some sites number their hosts with their own.
const unusable: readonly Unusable[] = [
  { range: known("0.0.0.0/8"), what: "this network" },
  { range: known("127.0.0.0/8"), what: "loopback" },
  { range: known("169.254.0.0/16"), what: "link-local", forHosts: true },
  { range: known("224.0.0.0/4"), what: "multicast" },
  { range: known("240.0.0.0/4"), what: "reserved" },
];

function known(text: string): Range {
  const parsed = parseRange(text);
  if ("reason" in parsed) throw new Error(parsed.reason);
  return parsed.value;
}

/** The config as values, or every fault that can be found without the last plan. */
export function checkMesh(config: PartialMesh): Mesh | readonly PlanFault[] {
  const faults: PlanFault[] = [];
  const read = <T>(property: string, parsed: Parsed<T>): T | undefined => {
    if ("value" in parsed) return parsed.value;
    faults.push({ property, reason: parsed.reason });
    return undefined;
  };

  const pool = read("pool", readPool(config.pool));
  faults.push(...sizeFaults(config, pool));
  // A pin is judged only against a pool and a size that are themselves good.
  const whole = faults.some(({ property }) => property === "hostPrefix") ? undefined : pool;
  const hostPrefix = sizes(config).host;
  const hosts = config.hosts.map((host, at) => {
    const where = `hosts[${at}]`;
    read(`${where}.name`, readName(host.name));
    const address =
      host.address === undefined ? undefined : read(`${where}.address`, readHostAddress(host.address, pool));
    const pin =
      host.subnet === undefined
        ? undefined
        : read(`${where}.subnet`, readPin(host.subnet, hostPrefix, whole));
    return { name: host.name, ...(address && { address }), ...(pin && { pin }) };
  });
  faults.push(...repeated(config, "name"), ...repeated(config, "address"), ...samePins(hosts));
  faults.push(...wayFaults(config, pool));
  const full = whole && roomFault(whole, hostPrefix, hosts.length);
  if (full) faults.push(full);

  if (pool === undefined || faults.length > 0) return faults;
  return { pool, sizes: sizes(config), hosts: hosts.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

function readPool(text: string): Parsed<Range> {
  const parsed = parseRange(text, family);
  if ("reason" in parsed) return parsed;
  const bad = unusable.find(({ range }) => overlaps(range, parsed.value));
  if (!bad) return parsed;
  return {
    reason:
      `${text} overlaps ${printRange(bad.range)} (${bad.what}), which containers cannot use; ` +
      `take a private range, like ${family.example.range}`,
  };
}

function readName(name: string): Parsed<string> {
  if (hostNamePattern.test(name)) return { value: name };
  const rule = "a name is 1 to 32 of a-z, 0-9 and -, and neither begins nor ends with -";
  return { reason: `${JSON.stringify(name)} is refused: ${rule}` };
}

function readHostAddress(text: string, pool: Range | undefined): Parsed<Address> {
  const parsed = parseAddress(text, family);
  if ("reason" in parsed) return parsed;
  if (pool && containsAddress(pool, parsed.value)) {
    return {
      reason:
        `${text} lies in the pool ${printRange(pool)}: a route to a host's subnet could cover the way to this host; ` +
        "take an address outside the pool",
    };
  }
  const bad = unusable.find(({ range, forHosts }) => !forHosts && containsAddress(range, parsed.value));
  return bad
    ? { reason: `${text} is in ${printRange(bad.range)} (${bad.what}): no peer can route to it` }
    : parsed;
}

function readPin(text: string, hostPrefix: number, pool: Range | undefined): Parsed<Range> {
  const parsed = parseRange(text, family);
  if ("reason" in parsed || pool === undefined) return parsed;
  if (parsed.value.prefix !== hostPrefix) {
    return { reason: `${text} has the wrong size: a host's subnet is a /${hostPrefix} (hostPrefix)` };
  }
  if (contains(pool, parsed.value)) return parsed;
  return { reason: `${text} is outside the pool ${printRange(pool)}` };
}

/** Two sites may number their hosts alike: WireGuard calls them by their public addresses. */
function repeated({ hosts, between }: PartialMesh, property: "name" | "address"): PlanFault[] {
  const mayDiffer = property === "address" && between === "wireguard";
  return hosts.flatMap((host, at) => {
    if (host[property] === undefined) return [];
    const before = hosts.findIndex(
      (other) => other[property] === host[property] && (!mayDiffer || other.site === host.site),
    );
    if (before === at) return [];
    const reason = `${JSON.stringify(host[property])} is already the ${property} of hosts[${before}]; each host has its own`;
    return [{ property: `hosts[${at}].${property}`, reason }];
  });
}

function samePins(hosts: readonly CheckedHost[]): PlanFault[] {
  return hosts.flatMap(({ pin }, at) => {
    if (pin === undefined) return [];
    const before = hosts.findIndex((other) => other.pin && overlaps(other.pin, pin));
    const other = hosts[before];
    if (before === at || other?.pin === undefined) return [];
    const reason = `${printRange(pin)} overlaps ${printRange(other.pin)}, the pin of ${JSON.stringify(other.name)} (hosts[${before}])`;
    return [{ property: `hosts[${at}].subnet`, reason }];
  });
}
