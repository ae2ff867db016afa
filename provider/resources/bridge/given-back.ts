/**
 * The range that destroy gives back to docker0, compared with later networks and routes: a network of Docker's may use
 * it, or it is routed elsewhere. Docker does not start with such an address, so nothing is restarted for it.
 */
import type { Fault } from "../../engine/errors/fault.js";
import type { OnHost } from "../../engine/kind.js";
import * as json from "../../facts/daemon-json.js";
import { overlaps, parseInterface, printRange, type Range } from "../../plan/cidr.js";
import { v4 } from "../../plan/family.js";
import { networkOf, wayOf } from "../host/network.js";
import { routesIn } from "./addresses.js";
import { type Moment, recordOf } from "./before.js";
import { addressOf, type CheapSeen } from "./facts.js";
import { poolsFor, runsWith, type Wanted } from "./keys.js";

/** Names the hosts, with commas between them, on which a delete leaves docker0 where it is. */
export const keepVariable = "DOCKROUTE_KEEP_DOCKER0";

export function keepsDocker0({ host }: Pick<OnHost, "host">): boolean {
  const names = (process.env[keepVariable] ?? "").split(",").map((name) => name.trim());
  return names.includes(host);
}

/** The state to which the delete goes back where docker0 stays: all as before, but docker0's address. */
export function keeping(old: Moment, seen: CheapSeen): Moment {
  const bip = addressOf(seen);
  const text = json.withKeys(old.file, { ...json.keysOf(old.file), bip });
  return { ...old, bip, file: { ...old.file, text }, others: undefined };
}

/** Docker's own pools where daemon.json names none (moby's ipamutils). */
const defaultPools = ["172.16.0.0/12", "192.168.0.0/16"];

/** The first preview tells what can come between this up and a destroy. */
export function ofFreedRange(wanted: Wanted, seen: CheapSeen): readonly string[] {
  const own = addressOf(seen);
  if (own === undefined || recordOf(seen) !== undefined || runsWith(wanted, seen)) return [];
  const pools = poolsFor(wanted, seen).filter((pool) => json.isOf(v4, pool));
  const all = pools.length === 0 ? defaultPools : pools.map(({ base }) => base);
  const freed = networkOf(own);
  if (!all.flatMap(rangesOf).some((pool) => overlaps(pool, freed))) return [];
  return [
    `docker0 leaves ${printRange(freed)}, and Docker may give that range to a network that is made after this up. Then ` +
      `destroy cannot give it back to docker0: it names that network, and leaves Docker as it is, until the network is ` +
      `removed or ${keepVariable} names this host`,
  ];
}

/** The obstacle between docker0 and its old address. undefined if docker0 can go back to it. */
export function obstacle(old: Moment, host: string, seen: CheapSeen): Fault | undefined {
  if (old.bip === undefined || old.bip === addressOf(seen)) return undefined;
  const range = networkOf(old.bip);
  const names = networksIn(range, seen);
  const routes = routesIn(range, seen).filter(({ destination }) => !old.routed?.includes(destination));
  if (names.length + routes.length === 0) return undefined;
  const found = [
    ...names.map(({ name, net }) => `Docker's network ${name} has ${printRange(net)}`),
    ...routes.map((route) => `${route.destination} is routed ${wayOf(route)}`),
  ];
  const remedies = [
    ...(names.length === 0
      ? []
      : [
          `remove ${names.map(({ name }) => name).join(", ")} with \`docker network rm\`, or create it anew with another --subnet`,
        ]),
    ...(routes.length === 0 ? [] : ["remove that route"]),
  ];
  return {
    property: "bip",
    reason:
      `docker0 had ${old.bip} before dockroute, and cannot get it back, because of ${printRange(range)}: ` +
      `${found.join("; ")}. Docker was not restarted. Either ${remedies.join(", and ")}, and run this again; or run it ` +
      `with ${keepVariable}=${host} in the environment, which leaves docker0 at ${addressOf(seen)} and removes all else`,
  };
}

/** Docker takes no address for docker0 that overlaps a network of this host alone, of whatever driver. */
function networksIn(range: Range, { dockerNetworks = [] }: CheapSeen) {
  return dockerNetworks
    .filter(({ isDefault, scope }) => !isDefault && scope === "local")
    .flatMap(({ name, ranges }) =>
      ranges.flatMap(({ subnet }) => rangesOf(subnet)).map((net) => ({ name, net })),
    )
    .filter(({ net }) => overlaps(net, range));
}

function rangesOf(text: string): readonly Range[] {
  const parsed = parseInterface(text, v4);
  return "value" in parsed ? [parsed.value.range] : [];
}
