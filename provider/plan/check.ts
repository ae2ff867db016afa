import {
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
import { roomFault, type Sizes, sizeFaults, sizes } from "./sizes.js";
import type { PartsConfig } from "./types.js";

/** A config whose every text was read and found good. */
export interface Mesh {
  readonly pool: Range;
  readonly sizes: Sizes;
  /** By name, in the order of their names. */
  readonly hosts: readonly { readonly name: string; readonly pin?: Range }[];
}

/** What a name may be: it becomes part of resource names and of file names on the host. */
export const namePattern = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

// Public ranges are not refused: some sites number their hosts with their own.
const unusable: readonly (readonly [Range, string])[] = [
  [{ first: 0, prefix: 8 }, "0.0.0.0/8 (this network)"],
  [{ first: 0x7f000000, prefix: 8 }, "127.0.0.0/8 (loopback)"],
  [{ first: 0xa9fe0000, prefix: 16 }, "169.254.0.0/16 (link-local)"],
  [{ first: 0xe0000000, prefix: 4 }, "224.0.0.0/4 (multicast)"],
  [{ first: 0xf0000000, prefix: 4 }, "240.0.0.0/4 (reserved)"],
];

/** The config as values, or every fault that can be told without the last plan. */
export function checkMesh(config: PartsConfig): Mesh | readonly PlanFault[] {
  const faults: PlanFault[] = [];
  const read = <T>(property: string, parsed: Parsed<T>): T | undefined => {
    if ("value" in parsed) return parsed.value;
    faults.push({ property, reason: parsed.reason });
    return undefined;
  };

  const pool = read("pool", readPool(config.pool));
  faults.push(...sizeFaults(config, pool));
  // A part is only judged against a pool and a size that are themselves good.
  const whole = faults.some(({ property }) => property === "hostPrefix") ? undefined : pool;
  const hostPrefix = sizes(config).host;
  const hosts = config.hosts.map((host, at) => {
    const where = `hosts[${at}]`;
    read(`${where}.name`, readName(host.name));
    if (host.address !== undefined) read(`${where}.address`, readHostAddress(host.address, pool));
    const pin =
      host.subnet === undefined
        ? undefined
        : read(`${where}.subnet`, readPin(host.subnet, hostPrefix, whole));
    return { name: host.name, ...(pin && { pin }) };
  });
  faults.push(...repeated(config.hosts, "name"), ...repeated(config.hosts, "address"), ...samePins(hosts));
  const full = whole && roomFault(whole, hostPrefix, hosts.length);
  if (full) faults.push(full);

  if (pool === undefined || faults.length > 0) return faults;
  return { pool, sizes: sizes(config), hosts: hosts.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

function readPool(text: string): Parsed<Range> {
  const parsed = parseRange(text);
  if ("reason" in parsed) return parsed;
  const bad = unusable.find(([range]) => overlaps(range, parsed.value));
  if (!bad) return parsed;
  return {
    reason: `${text} overlaps ${bad[1]}, where no container can be; a private range is meant, like 172.30.0.0/16`,
  };
}

function readName(name: string): Parsed<string> {
  if (namePattern.test(name)) return { value: name };
  const rule = "a name is 1 to 32 of a-z, 0-9 and -, and neither begins nor ends with -";
  return { reason: `${JSON.stringify(name)} is refused: ${rule}` };
}

function readHostAddress(text: string, pool: Range | undefined): Parsed<number> {
  const parsed = parseAddress(text);
  if ("reason" in parsed) return parsed;
  if (pool && containsAddress(pool, parsed.value)) {
    const reason = `${text} lies in the pool ${printRange(pool)}: a route to a part would cover the way to this host; `;
    return { reason: `${reason}an address outside the pool is allowed` };
  }
  const bad = unusable.find(
    ([range, why]) => containsAddress(range, parsed.value) && !why.includes("link-local"),
  );
  return bad ? { reason: `${text} is in ${bad[1]}: no peer can route to it` } : parsed;
}

function readPin(text: string, hostPrefix: number, pool: Range | undefined): Parsed<Range> {
  const parsed = parseRange(text);
  if ("reason" in parsed || pool === undefined) return parsed;
  if (parsed.value.prefix !== hostPrefix) {
    return { reason: `${text} has the wrong size: a host's part is a /${hostPrefix} (hostPrefix)` };
  }
  if (contains(pool, parsed.value)) return parsed;
  return { reason: `${text} is outside the pool ${printRange(pool)}` };
}

function repeated(hosts: PartsConfig["hosts"], property: "name" | "address"): PlanFault[] {
  return hosts.flatMap((host, at) => {
    if (host[property] === undefined) return [];
    const before = hosts.findIndex((other) => other[property] === host[property]);
    if (before === at) return [];
    const reason = `${JSON.stringify(host[property])} is already the ${property} of hosts[${before}]; each host has its own`;
    return [{ property: `hosts[${at}].${property}`, reason }];
  });
}

function samePins(hosts: readonly { readonly name: string; readonly pin?: Range }[]): PlanFault[] {
  return hosts.flatMap(({ pin }, at) => {
    if (pin === undefined) return [];
    const before = hosts.findIndex((other) => other.pin && overlaps(other.pin, pin));
    const other = hosts[before];
    if (before === at || other?.pin === undefined) return [];
    const reason = `${printRange(pin)} overlaps ${printRange(other.pin)}, the pin of ${JSON.stringify(other.name)} (hosts[${before}])`;
    return [{ property: `hosts[${at}].subnet`, reason }];
  });
}
