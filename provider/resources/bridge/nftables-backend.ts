/**
 * What Docker's nftables backend needs before a routed packet can reach a container: two keys of daemon.json,
 * which only a restart loads, so they go with the bridge. The first, `allow-direct-routing`, is for the whole
 * daemon and for everybody; a guard of our own keeps out, as Docker's rule did, all that a ForwardRule has not
 * marked.
 */

import * as parts from "../../boot/old-script.js";
import { type Command, quote } from "../../engine/command.js";
import type { Keys } from "../../facts/daemon-json.js";
import * as daemonKeys from "../../facts/daemon-keys.js";
import type { Daemon } from "../../facts/docker.js";
import { isOn, turnOn } from "../../facts/forwarding.js";
import * as nft from "../../facts/nft.js";
import { type Ground, nicNames } from "../host/network.js";

export interface Seen extends Ground {
  readonly daemon: Daemon;
  readonly nft: nft.Seen;
  readonly parts: parts.PartsSeen;
}

const chain = "guard-bridges";

function needed(seen: Seen): boolean {
  return seen.daemon.firewall?.startsWith("nftables") === true;
}

export function keysFor(seen: Seen): Keys {
  return needed(seen) ? { "allow-direct-routing": true, "bridge-accept-fwmark": nft.markKey } : {};
}

function guardOf(seen: Ground): nft.Chain {
  const from: nft.Match = { on: "iifname", names: nicNames(seen) };
  const drop = (name: string): nft.Rule => ({
    matches: [from, { on: "towards", name }, { on: "new" }, { on: "unmarked" }],
    verdict: "drop",
  });
  return { name: chain, at: "guard", rules: [drop("docker0"), drop("br-*")] };
}

function partOf(holder: string, seen: Seen): parts.Part {
  return {
    name: "guard-bridges",
    holder,
    about: "Keeps out of Docker's networks what comes by the network cards and no rule has marked.",
    lines: [nft.load([guardOf(seen)])],
  };
}

/**
 * Before a restart: unlike the iptables backend this one does not turn forwarding on, and dockerd does not start
 * where a sysctl has turned it off since (Docker's documentation of the nftables backend).
 */
export function forwarding(seen: Seen): readonly Command[] {
  if (!needed(seen)) return [];
  const script = `${quote(isOn)} || ${quote(turnOn)}`;
  return [
    { why: "have forwarding on, without which this Docker does not start", argv: ["sh", "-c", script] },
  ];
}

/** The guard stands before the door is opened. */
export function steps(holder: string, seen: Seen): readonly Command[] {
  if (!needed(seen)) return [];
  const part = partOf(holder, seen);
  const stands = nft.has(seen.nft, guardOf(seen)) && parts.missing(part, seen.parts).length === 0;
  return [
    ...(stands ? [] : [parts.load(part, "keep strangers out of Docker's networks")]),
    ...parts.keep(part, seen.parts),
    ...daemonKeys.keep(seen.parts.files),
  ];
}

/** After Docker runs without the keys again. */
export function undo(holder: string, seen: Seen): readonly Command[] {
  return [
    ...parts.drop(partOf(holder, seen), seen.parts),
    ...nft.remove([chain], seen.nft, "remove the guard of Docker's networks"),
    ...daemonKeys.drop(seen.parts.files),
  ];
}

export function drift(holder: string, seen: Seen, inFile: Keys): readonly string[] {
  if (!needed(seen)) return [];
  const wanted = keysFor(seen);
  const absent = (["allow-direct-routing", "bridge-accept-fwmark"] as const).filter(
    (key) => inFile[key] !== wanted[key],
  );
  return [
    ...absent.map(
      (key) =>
        `daemon.json ${key}: ${inFile[key] ?? "absent"}, so Docker ${seen.daemon.version} lets no routed packet in`,
    ),
    ...(seen.nft.has(chain) ? [] : [`nft chain ${chain}: absent`]),
    ...parts.missing(partOf(holder, seen), seen.parts),
    ...(daemonKeys.keep(seen.parts.files).length === 0
      ? []
      : ["the drop-in of docker.service: absent or changed"]),
  ];
}
