import type { LanDriver } from "../../plan/lan-config.js";
import { type ClaimsSeen, networkOfName } from "./claims.js";
import type { LanNetworkInputs } from "./inputs.js";
import { layoutOf, sameNetwork } from "./layout.js";

/** The values of Docker's network that are not as wanted, as far as inputs can hold them. */
export function observedLan(wanted: LanNetworkInputs, seen: ClaimsSeen): Partial<LanNetworkInputs> {
  const there = networkOfName(wanted, seen);
  const { network, hostAddress } = layoutOf(wanted, seen);
  const [range] = there?.ranges ?? [];
  if (there === undefined || range === undefined || sameNetwork(there, network)) return {};
  const driver = driverOf(there.driver, there.options["ipvlan_mode"]);
  const parent = there.options["parent"] ?? there.options["com.docker.network.bridge.name"];
  return {
    subnet: range.subnet,
    range: range.range ?? range.subnet,
    reserved: range.reserved.filter((each) => each !== hostAddress),
    ...(wanted.gateway === undefined || range.gateway === undefined ? {} : { gateway: range.gateway }),
    ...(driver === undefined ? {} : { driver }),
    ...(parent === undefined || wanted.vlan !== undefined ? {} : { parent }),
  };
}

function driverOf(driver: string, mode: string | undefined): LanDriver | undefined {
  if (driver === "ipvlan") return mode === "l3" ? "ipvlan-l3" : "ipvlan";
  return driver === "macvlan" || driver === "bridge" ? driver : undefined;
}
