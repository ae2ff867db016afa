/** The reasons that keep a host from having the network, before anything is made. Docker tells most of them at the first container. */
import { type Fault, fault } from "../../engine/errors/fault.js";
import type { Judgement, Remembered } from "../../engine/kind.js";
import type { Neighbour } from "../../facts/arp.js";
import type { MadeNetwork } from "../../facts/docker-lans.js";
import { overlaps, parseRange } from "../../plan/cidr.js";
import { type ClaimsSeen, networkOfName } from "./claims.js";
import { holds, type LanNetworkInputs } from "./inputs.js";
import { type Layout, layoutOf, ownLinkName, sameNetwork } from "./layout.js";
import { bridgeFaults, cardFaults, noParent, sameLink } from "./parent.js";

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
    return names === "" || !wanted.moveContainers
      ? []
      : [`${name} is made anew: ${names} are taken off it and put on again, and may get other addresses`];
  }
  const open =
    driver === "ipvlan-l3"
      ? "their packets pass by the host's firewall, and published ports do nothing there"
      : "each is as open as a machine there, and published ports do nothing";
  return [`containers on ${name} are on the LAN: ${open}`];
}
