/** docker0's addresses beside Docker's own, such as a resolver's, and the host's routes into its range. */
import type { Command } from "../../engine/command.js";
import * as ip from "../../facts/iproute.js";
import { contains, type Range } from "../../plan/cidr.js";
import { addressesOfDocker0, isDockers, networkOf, targetOf } from "../host/network.js";
import type { Moment } from "./before.js";
import { addressOf, type CheapSeen, hasAddress } from "./facts.js";

type Links = Pick<CheapSeen, "links" | "dockerNetworks">;

/** docker0's addresses without Docker's own, in the kernel's order. */
export function othersOf(seen: Links): readonly string[] {
  const own = addressOf(seen);
  return addressesOfDocker0(seen).filter((each) => each !== own);
}

/**
 * An address in the network that docker0 leaves goes with it: the kernel removes it with the first one of that
 * network, and it would keep the range on the host.
 */
function goesWith(own: string | undefined, bip: string): (other: string) => boolean {
  return (other) =>
    own !== undefined &&
    contains(networkOf(own), networkOf(other)) &&
    !contains(networkOf(bip), networkOf(other));
}

/** After Docker's start with `bip`: docker0 has it first, and then the others that it had. */
export function keepOthers(bip: string, seen: Links): readonly Command[] {
  const goes = goesWith(addressOf(seen), bip);
  const others = othersOf(seen).filter((each) => each !== bip && !goes(each));
  return othersOf(seen).length === 0 ? [] : [ip.setAddresses("docker0", [bip, ...others])];
}

/** After Docker's start as before: the addresses of docker0 then, and those it got beside Docker's own since. */
export function othersAsBefore({ bip, others = [] }: Moment, seen: Links): readonly Command[] {
  const held = addressesOfDocker0(seen);
  if (bip === undefined || (others.length === 0 && held.length < 2)) return [];
  const since = othersOf(seen).filter((each) => each !== bip && !others.includes(each));
  const wanted = [bip, ...others, ...since];
  const isSo = wanted.length === held.length && wanted.every((each) => held.includes(each));
  return isSo ? [] : [ip.setAddresses("docker0", wanted)];
}

/** After the rollback of one change: exactly the addresses that docker0 had at its beginning. */
export function othersOnceMore({ bip, others = [] }: Moment): readonly Command[] {
  return bip === undefined || others.length === 0 ? [] : [ip.setAddresses("docker0", [bip, ...others])];
}

/** The effect of a change on them, for the preview. */
export function ofOthers({ bip }: { readonly bip: string }, seen: Links): readonly string[] {
  const others = othersOf(seen).filter((each) => each !== bip);
  if (hasAddress(seen, bip) || others.length === 0) return [];
  const own = addressOf(seen);
  const goes = goesWith(own, bip);
  const [away, stay] = [others.filter(goes), others.filter((each) => !goes(each))];
  const words = [
    ...(away.length === 0 ? [] : [`with the network of ${own} Docker takes away ${away.join(", ")}`]),
    ...(stay.length === 0
      ? []
      : [`where Docker takes ${stay.join(", ")} away at its restart, dockroute puts it back`]),
  ];
  return [
    `docker0 has more addresses than Docker's own: ${words.join("; ")}. destroy gives docker0 all that it had before the first up`,
  ];
}

/** The routes that lead a part of docker0's range elsewhere as the host is now. */
export function routedElsewhere(seen: CheapSeen): readonly string[] {
  const own = addressOf(seen);
  return own === undefined ? [] : routesIn(networkOf(own), seen).map(({ destination }) => destination);
}

/** A broader route stands beside docker0 without harm: the kernel takes the narrowest. */
export function routesIn(range: Range, seen: CheapSeen): readonly ip.Route[] {
  return seen.routes.filter((route) => {
    if (isDockers(seen, route.interface ?? "")) return false;
    const target = targetOf(route);
    return target !== undefined && contains(range, target);
  });
}
