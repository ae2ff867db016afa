/** Why docker0 must not get an address on a host as it is now. */
import type { Fault } from "../../engine/errors/fault.js";
import * as json from "../../facts/daemon-json.js";
import {
  contains,
  containsAddress,
  parseAddress,
  parseRange,
  printRange,
  type Range,
} from "../../plan/cidr.js";
import { covers, type Ground, isDockers, networkOf, routedWithin } from "../host/network.js";
import type { BridgeSeen } from "./facts.js";
import { runsWith, type Wanted } from "./keys.js";

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

export function refusals(wanted: Wanted, seen: BridgeSeen): readonly Fault[] {
  const { daemon, file } = seen;
  const wrong = json.faultOf(file);
  const own = printRange(networkOf(wanted.bip));
  const ignored = daemon.liveRestore && !json.hasLiveRestore(file.text) && !runsWith(wanted, seen);
  // What is in a pool can be told only by Docker. Without its answer no change is made at all.
  const pools = seen.dockerNetworks === undefined ? [] : (wanted.pools ?? []);
  return [
    ...(wrong === undefined ? [] : [{ property: "bip", reason: wrong }]),
    ...(daemon.rootless ? [{ property: "host", reason: rootless }] : []),
    ...(daemon.other === undefined ? [] : [{ property: "host", reason: others[daemon.other] }]),
    ...(ignored ? [{ property: "bip", reason: liveRestore }] : []),
    ...contradicted(wanted, seen),
    ...covers("bip", own, seen, ["docker0"]),
    ...routedWithin("bip", own, seen),
    ...pools.flatMap((pool) => covers("pools", pool, seen, dockersOwn(pool, seen))),
  ];
}

/** Networks of Docker's own inside a pool are what the pool is for, and docker0 goes where `bip` leads. */
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

/** Settings with which dockerd does not start once daemon.json has a bip, or does not read that file. */
function contradicted(wanted: Wanted, { file, flags }: BridgeSeen): readonly Fault[] {
  const range = networkOf(wanted.bip);
  const values = json.valuesOf(file);
  const config = flags.get("--config-file");
  const onCommandLine = [
    ...["--bip", "--bridge", "-b"],
    ...(wanted.pools === undefined ? [] : ["--default-address-pool"]),
  ].filter((flag) => (flags.get(flag) ?? "") !== "");
  return [
    ...(isText(values["bridge"])
      ? [
          `daemon.json has "bridge": ${JSON.stringify(values["bridge"])}, with which dockerd takes no bip; remove that key`,
        ]
      : []),
    ...outside(values["fixed-cidr"], range, `"fixed-cidr"`),
    ...outside(values["default-gateway"], range, `"default-gateway"`),
    ...onCommandLine.map(
      (flag) =>
        `dockerd has ${flag} on its command line, and does not start with that and the same in daemon.json; remove the flag`,
    ),
    ...(config === undefined || config === file.path || config === json.path
      ? []
      : [`dockerd reads ${config} and not ${json.path}, by its flag --config-file; remove the flag`]),
  ].map((reason) => ({ property: "bip", reason }));
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** An address or a range that dockerd takes only from docker0's own network. */
function outside(value: unknown, own: Range, key: string): readonly string[] {
  if (!isText(value)) return [];
  const range = parseRange(value);
  const address = parseAddress(value);
  const isInside =
    ("value" in range && contains(own, range.value)) ||
    ("value" in address && containsAddress(own, address.value));
  if (isInside) return [];
  return [
    `daemon.json has ${key}: ${JSON.stringify(value)}, which is not in docker0's network ${printRange(own)}, so dockerd would not start; remove that key`,
  ];
}
