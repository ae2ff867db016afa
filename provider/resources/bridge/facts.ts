/** The facts of a host that a bridge needs, by name. */
import * as boot from "../../boot/script.js";
import type { Cheap, Seen } from "../../engine/fact.js";
import * as json from "../../facts/daemon-json.js";
import * as docker from "../../facts/docker.js";
import * as containers from "../../facts/docker-containers.js";
import { dockerd } from "../../facts/dockerd.js";
import { costlyPolicy } from "../../facts/ip-rules.js";
import * as iptables from "../../facts/iptables.js";
import { mentions } from "../../facts/mentions.js";
import * as nft from "../../facts/nft.js";
import * as nftForeign from "../../facts/nft-foreign.js";
import { addressesOfDocker0, addressOfDocker0, network } from "../host/network.js";

export const facts = {
  ...network,
  scripts: boot.scripts,
  file: json.file,
  daemon: docker.daemon,
  isDockerRemoved: docker.isRemoved,
  nft: nft.chains,
  nftIpv6: nft.chainsIpv6,
  dockerd,
  containers: containers.running,
  stopped: containers.stopped,
  filter: iptables.costlyRulesOf("filter"),
  nat: iptables.costlyRulesOf("nat"),
  foreign: nftForeign.costlyForeign,
  mentions,
  policy: costlyPolicy,
};

/** All facts, the costly ones among them. */
export type BridgeSeen = Seen<typeof facts>;

/** The facts that decide whether a change is due. */
export type CheapSeen = Seen<Cheap<typeof facts>>;

/** The address with which Docker runs docker0: "172.30.1.1/24". undefined if it has none. */
export function addressOf(seen: Pick<CheapSeen, "links" | "dockerNetworks">): string | undefined {
  return addressOfDocker0(seen);
}

/** True if docker0 has this address, and Docker runs with it. */
export function hasAddress(seen: Pick<CheapSeen, "links" | "dockerNetworks">, bip: string): boolean {
  return addressOf(seen) === bip && addressesOfDocker0(seen).includes(bip);
}

/** The pools that Docker runs with. A Docker that hides them after a reload goes on using those of its file. */
export function runningPools({ daemon, file }: Pick<CheapSeen, "daemon" | "file">): readonly json.Pool[] {
  return (
    (daemon.hidesPools === true ? json.keysOf(file)["default-address-pools"] : undefined) ?? daemon.pools
  );
}
