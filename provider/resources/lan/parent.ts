/** The reasons that keep a network from this link. Docker and the kernel tell them only at the first container. */
import { type Fault, fault } from "../../engine/errors/fault.js";
import type { ClaimsSeen } from "./claims.js";
import type { LanNetworkInputs } from "./inputs.js";
import { aliasOf, type Layout, ownLinkName } from "./layout.js";

/** @param found the link that was meant, which is not there */
export function noParent(
  { address, gateway }: LanNetworkInputs,
  found: string | undefined,
  { links }: ClaimsSeen,
): Fault {
  const all = links
    .filter(({ name, addresses }) => name !== "lo" && addresses.length > 0)
    .map(({ name, addresses }) => `${name} (${addresses.join(", ")})`);
  const why =
    found === undefined
      ? `no link has the address ${address ?? "of the host"} or the network of ${gateway ?? "a gateway"}`
      : `there is no link ${found}`;
  return fault("parent", `${why}: the host has ${all.join(", ")}; name one as the parent`);
}

/** macvlan and ipvlan each take a card for themselves, and a bridge takes its ports. */
export function cardFaults(
  { name, driver, vlan }: LanNetworkInputs,
  { parent, link }: Layout,
  { kinds }: ClaimsSeen,
): readonly Fault[] {
  const on = vlan === undefined ? parent : link;
  const there = kinds.find((each) => each.name === on);
  const master = kinds.find((each) => each.name === parent)?.master;
  const kind = driver === "macvlan" ? "macvlan" : "ipvlan";
  const other = kinds.find(
    (each) =>
      each.below === on &&
      each.kind !== kind &&
      ["macvlan", "macvtap", "ipvlan", "ipvtap"].includes(each.kind ?? ""),
  );
  const isStrangers = vlan !== undefined && there !== undefined && there.alias !== aliasOf({ name });
  return [
    ...(master === undefined || vlan !== undefined
      ? []
      : [
          fault(
            "parent",
            `${parent} is a port of ${master}, so the kernel takes no ${driver} on it; take the parent ${master}`,
          ),
        ]),
    ...(other === undefined || other.name === ownLinkName({ name })
      ? []
      : [
          fault(
            "parent",
            `${on} has ${other.name}, a ${other.kind}, on it: the kernel takes macvlan or ipvlan on one link, not both`,
          ),
        ]),
    ...(isStrangers && there.vlan !== vlan
      ? [fault("vlan", `the host has a link ${on} of somebody else that is not VLAN ${vlan}`)]
      : []),
    ...(isStrangers && there.vlan === vlan && !there.isUp
      ? [
          fault(
            "vlan",
            `the link ${on} of somebody else is down, and Docker would leave it so; set it up first`,
          ),
        ]
      : []),
  ];
}

export function bridgeFaults(
  wanted: LanNetworkInputs,
  parent: string,
  { kinds, networks = [] }: ClaimsSeen,
): readonly Fault[] {
  const isBridge = kinds.some(({ name, kind }) => name === parent && kind === "bridge");
  if (!isBridge) {
    return [fault("parent", `${parent} is no bridge; make a bridge of it first, or take the driver macvlan`)];
  }
  const dockers = networks.find(
    ({ id, name, driver }) =>
      driver === "bridge" && name !== wanted.name && parent === `br-${id.slice(0, 12)}`,
  );
  return parent === "docker0" || dockers !== undefined
    ? [fault("parent", `${parent} is a bridge of Docker's own${dockers ? `, that of ${dockers.name}` : ""}`)]
    : [];
}

/** Docker refuses a second network of a driver on a link, and the kernel one of another driver. */
export function sameLink(
  wanted: LanNetworkInputs,
  link: string,
  { networks = [] }: ClaimsSeen,
): readonly Fault[] {
  return networks
    .filter(({ name }) => name !== wanted.name)
    .filter(({ options }) => [options["parent"], options["com.docker.network.bridge.name"]].includes(link))
    .map(({ name, driver }) =>
      fault(
        "parent",
        `${link} has Docker's network ${name} (${driver}) already; a link takes one, so a second one needs a VLAN`,
      ),
    );
}
