/** Why a host could not have the network, known before anything is made. Docker itself says most of it at the first container. */
import type { Fault } from "../../engine/errors/fault.js";
import type { Judgement, Remembered } from "../../engine/kind.js";
import type { Neighbour } from "../../facts/arp.js";
import type { MadeNetwork } from "../../facts/docker-lans.js";
import { overlaps, parseRange } from "../../plan/cidr.js";
import { type ClaimsSeen, networkOfName } from "./claims.js";
import { holds, type LanNetworkInputs } from "./inputs.js";
import { aliasOf, type Layout, layoutOf, ownLinkName, sameNetwork } from "./layout.js";

export interface JudgeSeen extends ClaimsSeen {
  readonly neighbours: readonly Neighbour[];
}

type Wanted = LanNetworkInputs & Remembered;

export function lanJudgement(wanted: Wanted, seen: JudgeSeen): Judgement {
  const layout = layoutOf(wanted, seen);
  const there = networkOfName(wanted, seen);
  const { parent, link } = layout;
  const card = seen.kinds.find(({ name }) => name === parent);
  if (there !== undefined && sameNetwork(there, layout.network)) {
    const isDown = seen.kinds.some(({ name, isRunning }) => name === parent && !isRunning);
    return isDown ? { warn: [`${wanted.name}: ${parent} is down, so its containers reach nobody`] } : {};
  }
  if (parent === undefined || card === undefined) return { refuse: [noParent(wanted, parent, seen)] };
  const refuse = [
    ...(card.isRunning
      ? []
      : [fault("parent", `${parent} is down: containers on it would reach nobody; set it up first`)]),
    ...(wanted.driver === "bridge" ? bridgeFaults(wanted, parent, seen) : cardFaults(wanted, layout, seen)),
    ...sameLink(wanted, link ?? parent, seen),
    ...sameAddresses(wanted, seen),
    ...addressFaults(wanted, layout, seen),
    ...moveFaults(wanted, there, seen),
  ];
  return { refuse, warn: warnings(wanted, there, seen) };
}

function fault(property: string, reason: string): Fault {
  return { property, reason };
}

/** @param found the link that was meant, which is not there */
function noParent({ address, gateway }: Wanted, found: string | undefined, { links }: JudgeSeen): Fault {
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
function cardFaults(
  { name, driver, vlan }: Wanted,
  { parent, link }: Layout,
  { kinds }: JudgeSeen,
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

function bridgeFaults(wanted: Wanted, parent: string, { kinds, networks = [] }: JudgeSeen): readonly Fault[] {
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
function sameLink(wanted: Wanted, link: string, { networks = [] }: JudgeSeen): readonly Fault[] {
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

function sameAddresses({ name, subnet }: Wanted, { networks = [] }: JudgeSeen): readonly Fault[] {
  const wanted = parseRange(subnet);
  if (!("value" in wanted)) return [];
  return networks
    .filter((each) => each.name !== name)
    .flatMap((each) => each.ranges.map((range) => ({ name: each.name, subnet: range.subnet })))
    .filter((each) => {
      const range = parseRange(each.subnet);
      return "value" in range && overlaps(range.value, wanted.value);
    })
    .map((each) =>
      fault(
        "subnet",
        `${subnet} overlaps ${each.subnet} of Docker's network ${each.name}; Docker takes a subnet once on a host`,
      ),
    );
}

/** Addresses of the range that this host or another machine has. */
function addressFaults(
  wanted: Wanted,
  { hostAddress }: Layout,
  { links, neighbours }: JudgeSeen,
): readonly Fault[] {
  const { range, reserved, name } = wanted;
  const free = (text: string) => holds(range, text) && !reserved.includes(text) && text !== wanted.gateway;
  const own = links
    .filter((each) => each.name !== ownLinkName({ name }))
    .flatMap((each) => each.addresses.map((text) => ({ link: each.name, address: text.split("/")[0] ?? "" })))
    .filter(({ address }) => free(address));
  const others = neighbours.filter(({ address }) => free(address));
  const told = others.map(({ address, mac }) => `${address} (${mac})`).join(", ");
  const needsOwn = wanted.hostAccess && wanted.driver !== "bridge" && hostAddress === undefined;
  return [
    ...own.map(({ link, address }) =>
      fault(
        "range",
        `${address} of this host's ${link} lies in ${range}, and Docker would give it to a container; reserve it`,
      ),
    ),
    ...(others.length === 0
      ? []
      : [
          fault(
            "range",
            `other machines on the LAN answer in ${range}: ${told}; reserve them (\`exclude\`), or take another range`,
          ),
        ]),
    ...(needsOwn
      ? [fault("range", `${range} has no free address for the host's own way to its containers`)]
      : []),
  ];
}

/** Docker cannot change a network that is there: it is made anew. */
function moveFaults(
  wanted: Wanted,
  there: MadeNetwork | undefined,
  { hanging }: JudgeSeen,
): readonly Fault[] {
  if (there === undefined || hanging.length === 0 || wanted.moveContainers) return [];
  const names = hanging.map(({ container }) => container).join(", ");
  return [
    fault(
      "moveContainers",
      `Docker cannot change its network ${wanted.name}, and these containers hang on it: ${names}; allowed is moveContainers: true, ` +
        "which takes them off it, makes it anew and puts them on again, or a change without containers on it",
    ),
  ];
}

function warnings(wanted: Wanted, there: MadeNetwork | undefined, { hanging }: JudgeSeen): readonly string[] {
  const { name, driver } = wanted;
  const names = hanging.map(({ container }) => container).join(", ");
  if (there !== undefined) {
    return names === ""
      ? []
      : [`${name} is made anew: ${names} are taken off it and put on again, and may get other addresses`];
  }
  const open =
    driver === "ipvlan-l3"
      ? "their packets pass by the host's firewall, and published ports do nothing there"
      : "each is as open as a machine there, and published ports do nothing";
  return [`containers on ${name} are on the LAN: ${open}`];
}
