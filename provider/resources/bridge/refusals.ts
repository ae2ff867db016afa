/** Why docker0 must not get an address on a host that is as it is. */
import type { Fault } from "../../engine/errors/fault.js";
import * as json from "../../facts/daemon-json.js";
import { contains, parseRange, printRange } from "../../plan/cidr.js";
import { covers, type Ground, networkOf, routedWithin } from "../host/network.js";
import { runsWith, type Seen, type Wanted } from "./keys.js";

const others = {
  snap:
    "Docker is a snap here, which reads another daemon.json and is not started by docker.service; install Docker's own " +
    "packages or the distribution's instead",
  podman: "the command docker is Podman's here, which has no docker0; install Docker, or leave this host out",
} as const;

const rootless =
  "Docker runs rootless here, in a network of its own that nothing can be routed to; use the system's Docker";

const liveRestore =
  "dockerd has --live-restore on its command line, and with it ignores a new bip while a container runs; " +
  'write "live-restore": true into daemon.json instead, which can be off for one restart';

export function objections(desired: Wanted, seen: Seen): readonly Fault[] {
  const { daemon, file } = seen;
  const wrong = json.faultOf(file);
  const wanted = printRange(networkOf(desired.bip));
  const ignored = daemon.liveRestore && !json.hasLiveRestore(file.text) && !runsWith(desired, seen);
  return [
    ...(wrong === undefined ? [] : [{ property: "bip", reason: wrong }]),
    ...(daemon.rootless ? [{ property: "host", reason: rootless }] : []),
    ...(daemon.other === undefined ? [] : [{ property: "host", reason: others[daemon.other] }]),
    ...(ignored ? [{ property: "bip", reason: liveRestore }] : []),
    ...covers("bip", wanted, seen, ["docker0"]),
    ...routedWithin("bip", wanted, seen),
    ...(desired.pools ?? []).flatMap((pool) => covers("pools", pool, seen, dockersOwn(pool, seen))),
  ];
}

/** Networks of Docker's own inside a pool are what the pool is for, and docker0 goes where `bip` says. */
function dockersOwn(pool: string, seen: Ground): readonly string[] {
  const wanted = parseRange(pool);
  if ("reason" in wanted) return [];
  return seen.links
    .filter(
      ({ name, addresses }) =>
        name === "docker0" ||
        (name.startsWith("br-") && addresses.every((own) => contains(wanted.value, networkOf(own)))),
    )
    .map(({ name }) => name);
}
