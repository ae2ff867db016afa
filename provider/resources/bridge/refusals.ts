/** The reasons against docker0's new address on a host as it is now. */
import type { Fault } from "../../engine/errors/fault.js";
import * as json from "../../facts/daemon-json.js";
import { contains, parseRange, printRange } from "../../plan/cidr.js";
import { covers, type Ground, isDockers, networkOf, routedWithin } from "../host/network.js";
import { conflicts } from "./conflicts.js";
import type { BridgeSeen } from "./facts.js";
import type { Wanted } from "./keys.js";
import { keptDown } from "./old-address.js";

const others = {
  snap:
    "Docker is a snap here, which reads another daemon.json and is not started by docker.service; install Docker's own " +
    "packages or the distribution's instead",
  podman: "the command docker is Podman's here, which has no docker0; install Docker, or leave this host out",
} as const;

const rootless =
  "Docker runs rootless here, in a network of its own that nothing can be routed to; use the system's Docker";

export function refusals(wanted: Wanted, seen: BridgeSeen): readonly Fault[] {
  const { daemon, file } = seen;
  const wrong = json.faultOf(file);
  const own = printRange(networkOf(wanted.bip));
  // Only Docker can tell which networks are in a pool. Without its answer no change is made at all.
  const pools = seen.dockerNetworks === undefined ? [] : (wanted.pools ?? []);
  return [
    ...(wrong === undefined ? [] : [{ property: "bip", reason: wrong }]),
    ...(daemon.rootless ? [{ property: "host", reason: rootless }] : []),
    ...(daemon.other === undefined ? [] : [{ property: "host", reason: others[daemon.other] }]),
    ...conflicts(wanted, seen),
    ...keptDown(wanted, seen),
    ...covers("bip", own, seen, ["docker0"]),
    ...routedWithin("bip", own, seen),
    ...pools.flatMap((pool) => covers("pools", pool, seen, dockersOwn(pool, seen))),
  ];
}

/** Networks of Docker's own inside a pool are the purpose of the pool, and docker0 goes where `bip` leads. */
function dockersOwn(pool: string, seen: Ground): readonly string[] {
  const wanted = parseRange(pool);
  if ("reason" in wanted) return [];
  const isInside = (own: string) => contains(wanted.value, networkOf(own));
  return seen.links
    .filter(
      ({ name, addresses }) => name === "docker0" || (isDockers(seen, name) && addresses.every(isInside)),
    )
    .map(({ name }) => name);
}
