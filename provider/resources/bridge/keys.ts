/** The keys of daemon.json that docker0 is to have, and whether Docker runs with them. */
import * as json from "../../facts/daemon-json.js";
import { v4 } from "../../plan/family.js";
import type { Before } from "./before.js";
import * as direct from "./nftables-backend.js";

export interface Wanted {
  readonly bip: string;
  readonly pools?: readonly string[] | undefined;
  readonly networkPrefix?: number | undefined;
}

export interface Seen extends direct.Seen {
  readonly file: json.DaemonJson;
  /** docker0's address as the kernel has it. */
  readonly bip?: string;
  readonly before?: Before;
}

/** The wanted pools, which take the place of the IPv4 ones from before. IPv6 ones from before stay, and without `pools` all do. */
export function poolsFor({ pools, networkPrefix: size = 24 }: Wanted, seen: Seen): readonly json.Pool[] {
  const found = json.keysOf((seen.before ?? seen).file)["default-address-pools"] ?? [];
  if (pools === undefined) return found;
  return [...pools.map((base) => ({ base, size })), ...found.filter((pool) => !json.isOf(v4, pool))];
}

export function keysFor(desired: Wanted, seen: Seen): json.Keys {
  const pools = poolsFor(desired, seen);
  // What the user has set of them for other reasons stays.
  const found = json.keysOf((seen.before ?? seen).file);
  return {
    ...found,
    bip: desired.bip,
    "default-address-pools": pools.length === 0 ? undefined : pools,
    ...direct.keysFor(seen),
  };
}

/** The daemon as it runs, not as its file says: with live-restore dockerd ignores a new bip without a word. */
export function runsWith(desired: Wanted, seen: Seen): boolean {
  // dockerd does not tell whether it has loaded these; they are only ever written together with a restart.
  const doors = json.sameDoors(json.keysOf(seen.file), keysFor(desired, seen));
  return doors && seen.bip === desired.bip && json.samePools(seen.daemon.pools, poolsFor(desired, seen));
}
