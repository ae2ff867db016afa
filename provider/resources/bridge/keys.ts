/** The keys of daemon.json that docker0 needs, and whether Docker runs with them. */

import type { Remembered } from "../../engine/kind.js";
import * as json from "../../facts/daemon-json.js";
import type { Daemon } from "../../facts/docker.js";
import { markKey } from "../../facts/nft.js";
import { v4 } from "../../plan/family.js";
import { foundBy } from "./before.js";
import { type CheapSeen, hasAddress, runningPools } from "./facts.js";

export interface Wanted extends Remembered {
  readonly bip: string;
  readonly pools?: readonly string[] | undefined;
  readonly networkPrefix?: number | undefined;
}

/** True if Docker keeps its rules in nftables. Then it lets no routed packet in without two keys more. */
export function isNftables({ daemon }: { readonly daemon: Daemon }): boolean {
  return daemon.firewall?.startsWith("nftables") === true;
}

/** Without `pools`, those that were there before stay; with them, those of the other family do. */
export function poolsFor(wanted: Wanted, seen: CheapSeen): readonly json.Pool[] {
  const { pools, networkPrefix: size = 24 } = wanted;
  const before = found(wanted, seen)["default-address-pools"] ?? [];
  if (pools === undefined) return before;
  return [...pools.map((base) => ({ base, size })), ...before.filter((pool) => !json.isOf(v4, pool))];
}

export function keysFor(wanted: Wanted, seen: CheapSeen): json.Keys {
  const pools = poolsFor(wanted, seen);
  return {
    ...found(wanted, seen),
    bip: wanted.bip,
    "default-address-pools": pools.length === 0 ? undefined : pools,
    ...(isNftables(seen) ? { "allow-direct-routing": true, "bridge-accept-fwmark": markKey } : {}),
  };
}

/** Our keys as they were before the first change: a person may have set some of them for other reasons. */
function found(wanted: Wanted, seen: CheapSeen): json.Keys {
  return json.keysOf((foundBy(wanted, seen) ?? seen).file);
}

/** True if the daemon runs so, whatever its file holds: with live-restore dockerd ignores a new bip silently. */
export function runsWith(wanted: Wanted, seen: CheapSeen): boolean {
  // dockerd does not report whether it runs with these keys; they are only ever written together with a restart.
  const sameDoors = json.sameDoors(json.keysOf(seen.file), keysFor(wanted, seen));
  return (
    sameDoors && hasAddress(seen, wanted.bip) && json.samePools(runningPools(seen), poolsFor(wanted, seen))
  );
}
