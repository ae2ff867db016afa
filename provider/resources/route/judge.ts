/** The faults that keep a host from sending packets the way of a PeerRoute. */
import type { Fault } from "../../engine/errors/fault.js";
import type { Policy } from "../../facts/ip-rules.js";
import { parseRange } from "../../plan/cidr.js";
import { gatewayTo, linkOf, nics, type WithWays } from "../host/network.js";
import { containersOf, diversion, remedy } from "../host/policy.js";
import type { PeerRouteInputs } from "./claims.js";

export function unreachableGateway(desired: PeerRouteInputs, seen: WithWays): readonly Fault[] {
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
export function diverted({ destination, gateway }: PeerRouteInputs, seen: WithPolicy): readonly Fault[] {
  const parsed = parseRange(destination);
  if ("reason" in parsed) return [];
  const to = parsed.value;
  const found = diversion(seen.policy, { ...containersOf(seen), to, gateway });
  if (found === undefined) return [];
  return [
    fault(
      "destination",
      `packets of containers to ${destination} would not go to ${gateway}: ${found}; ${remedy(to)}`,
    ),
  ];
}

function fault(property: string, reason: string): Fault {
  return { property, reason };
}
