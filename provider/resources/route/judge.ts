/** The faults that keep a host from sending packets the way of a PeerRoute. */
import { type Fault, fault } from "../../engine/errors/fault.js";
import type { Policy } from "../../facts/ip-rules.js";
import { parseRange } from "../../plan/cidr.js";
import { gatewayTo, linkOf, nics, type WithWays } from "../host/network.js";
import { containersOf, diversion, remedy } from "../host/policy.js";
import type { PeerRouteInputs } from "./claims.js";

type Desired = Pick<PeerRouteInputs, "host" | "peer" | "routed"> & { readonly gateway: string };

export function unreachable(desired: Desired, seen: WithWays): readonly Fault[] {
  return desired.routed === true ? noNextHop(desired, seen) : unreachableGateway(desired, seen);
}

/** A routed way may be on link, too: hosts of two sites can be in one network. */
function noNextHop({ gateway, peer, host }: Desired, seen: WithWays): readonly Fault[] {
  const way = seen.ways.get(gateway);
  const isByCard = nics(seen).some(({ name }) => name === way?.interface);
  if (isByCard && way?.isOwn !== true) return [];
  return [
    fault(
      "gateway",
      `${host} has no next hop to ${gateway} (${peer}): ${gatewayTo(seen, gateway)}; the network between the sites must ` +
        "route to it, so give the host a default route or one to that network",
    ),
  ];
}

function unreachableGateway(desired: Desired, seen: WithWays): readonly Fault[] {
  if (linkOf(seen, desired.gateway) !== undefined) return [];
  const links = nics(seen).map(({ name, addresses }) => `${name} (${addresses.join(", ")})`);
  return [
    fault(
      "gateway",
      `${desired.gateway} (${desired.peer}) is on no link of ${desired.host}, which has ${links.join(", ")}: ` +
        `${gatewayTo(seen, desired.gateway)}; a direct route needs both on one layer-2 network, so an address of such a link is allowed; ` +
        "where the kernel's way is not the one that is meant, `interface` names the link",
    ),
  ];
}

interface WithPolicy extends WithWays {
  readonly policy: Policy;
}

/** A rule and a table of somebody's own that come before the route. */
export function diverted(
  { destination, gateway: given, routed, link }: PeerRouteInputs,
  seen: WithPolicy,
): readonly Fault[] {
  const gateway = routed === true ? (seen.ways.get(given ?? "")?.gateway ?? given) : given;
  const parsed = parseRange(destination);
  if ("reason" in parsed) return [];
  const to = parsed.value;
  const hop = gateway === undefined ? {} : { gateway };
  const found = diversion(seen.policy, { ...containersOf(seen), to, ...hop });
  if (found === undefined) return [];
  return [
    fault(
      "destination",
      `packets of containers to ${destination} would not go to ${gateway ?? link?.device}: ${found}; ${remedy(to)}`,
    ),
  ];
}
