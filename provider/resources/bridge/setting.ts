/**
 * docker0's setting: one value that a host shows in several places, each a claim. All of them are made by the same
 * commands and removed by the same commands.
 */
import { type Claim, type Claims, state } from "../../engine/claim.js";
import type { Command } from "../../engine/command.js";
import type { Fault } from "../../engine/errors/fault.js";
import type { OnHost } from "../../engine/kind.js";
import * as json from "../../facts/daemon-json.js";
import { keepOthers, othersAsBefore } from "./addresses.js";
import { foundBy } from "./before.js";
import { addressOf, type CheapSeen, hasAddress, runningPools } from "./facts.js";
import { keeping, keepsDocker0, obstacle } from "./given-back.js";
import { keysFor, poolsFor, runsWith, type Wanted } from "./keys.js";
import { forwarding } from "./nftables-backend.js";
import { oldFile, startAsBefore, startWith } from "./restart.js";

/** The keys of the nftables backend, which are wanted only while Docker uses it. */
const doors = ["allow-direct-routing", "bridge-accept-fwmark"] as const;

export function settingClaims(
  wanted: Wanted,
  seen: CheapSeen,
  { commands: remove, obstacle: inTheWay }: WayBack,
): Claims {
  const wrong = json.faultOf(seen.file);
  const make = wrong === undefined ? makeOf(wanted, seen) : [];
  const inFile = json.keysOf(seen.file);
  const own = keysFor(wanted, seen);
  const address = addressOf(seen);
  const pools = poolsFor(wanted, seen);
  // A setting is never absent: it always has a value, so a bridge is never gone.
  const claim = (what: string, isSo: boolean, found?: string): Claim => ({
    ...{ what, is: state(isSo, true), ...(found === undefined ? {} : { found }), make, remove },
  });
  return [
    ...doors.map((key) =>
      claim(`daemon.json ${key}`, inFile[key] === own[key], doorInWords(inFile[key], own[key], seen)),
    ),
    // Another address is shown as the value of `bip`.
    {
      ...claim("docker0", hasAddress(seen, wanted.bip), foundOn(address, wanted)),
      shown: address !== undefined && address !== wanted.bip,
      ...(inTheWay === undefined ? {} : { remove: inTheWay }),
    },
    {
      ...claim("daemon.json bip", inFile.bip === wanted.bip, inFile.bip ?? "absent"),
      ...(wrong === undefined ? {} : { remove: { property: "bip", reason: wrong } }),
    },
    claim("daemon.json default-address-pools", json.samePools(inFile["default-address-pools"], pools)),
    // If all of them are gone, `observed` has no other value to show; and it never shows their size.
    ...(seen.daemon.version === undefined
      ? []
      : [claim("the pools that Docker runs with", json.samePools(runningPools(seen), pools))]),
  ];
}

function foundOn(address: string | undefined, { bip }: Wanted): string {
  return address === bip ? `without ${bip}, with which Docker runs` : (address ?? "absent");
}

function doorInWords(
  found: boolean | string | undefined,
  wanted: boolean | string | undefined,
  { daemon }: CheapSeen,
): string {
  if (wanted === undefined) return `${found}, which Docker ${daemon.version} does not need`;
  return `${found ?? "absent"}, so Docker ${daemon.version} lets no routed packet in`;
}

function makeOf(wanted: Wanted, seen: CheapSeen): readonly Command[] {
  const keys = keysFor(wanted, seen);
  const isSame = json.sameKeys(json.keysOf(seen.file), keys);
  const text = (isSame ? seen.file.text : undefined) ?? json.withKeys(seen.file, keys);
  const why = {
    file: `set bip ${wanted.bip} in daemon.json`,
    restart: `restart Docker, so that docker0 gets ${wanted.bip}`,
  };
  if (!runsWith(wanted, seen)) {
    return [...forwarding(seen), ...startWith(seen.file, text, why), ...keepOthers(wanted.bip, seen)];
  }
  return isSame ? [] : json.replaceFile(seen.file, text, why.file);
}

/** As much of the way back as one read allows. `isLast`: the guard and the record can go after it. */
export interface WayBack {
  readonly commands: readonly Command[];
  readonly isLast: boolean;
  /** The fault that keeps docker0 from its old address. The delete fails with it before it changes the bridge. */
  readonly obstacle?: Fault | undefined;
}

/**
 * Back to the findings of the first change: a restart with the old address, then the old bytes of daemon.json. Without a
 * Docker there is nothing to restart, and a daemon.json that went with it stays away.
 */
export function wayBack(held: Wanted & Pick<OnHost, "host">, seen: CheapSeen): WayBack {
  const found = foundBy(held, seen);
  if (found === undefined || json.faultOf(seen.file) !== undefined) return { commands: [], isLast: false };
  const old = keepsDocker0(held) ? keeping(found, seen) : found;
  if (isDockerGone(seen)) {
    return { commands: seen.file.text === undefined ? [] : oldFile(old, seen), isLast: true };
  }
  const restart = startAsBefore(old, seen);
  if (restart.length === 0) {
    return { commands: [...othersAsBefore(old, seen), ...oldFile(old, seen)], isLast: true };
  }
  const inTheWay = obstacle(old, held.host, seen);
  return inTheWay === undefined
    ? { commands: [...forwarding(seen), ...restart], isLast: false }
    : { commands: [], isLast: false, obstacle: inTheWay };
}

/** True if Docker was removed from the host. A daemon that answers is there, whatever systemd knows of it. */
export function isDockerGone({ daemon, isDockerRemoved }: CheapSeen): boolean {
  return isDockerRemoved && daemon.version === undefined;
}
