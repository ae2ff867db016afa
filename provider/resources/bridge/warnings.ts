/** The warnings to a person before a change of docker0 is made. */
import type { Daemon } from "../../facts/docker.js";
import type { Container } from "../../facts/docker-containers.js";
import { contains, overlaps, parseRange, printRange, type Range } from "../../plan/cidr.js";
import { networkOf } from "../host/network.js";
import { recordOf } from "./before.js";
import { addressOf, type BridgeSeen, type CheapSeen } from "./facts.js";
import { runsWith, type Wanted } from "./keys.js";
import { namedElsewhere } from "./old-address.js";

/** @param was the trait "docker" at the last `up` */
export function warnings(wanted: Wanted, seen: BridgeSeen, was: unknown): readonly string[] {
  return [
    ...ofVersion(was, seen),
    ...(runsWith(wanted, seen) ? [] : ofRestart(wanted, seen)),
    ...namedElsewhere(wanted, seen),
    ...ofNetworks(wanted, seen),
  ];
}

function ofRestart({ bip }: Wanted, seen: BridgeSeen): readonly string[] {
  const names = (list: readonly Container[]) => list.map(({ name }) => name).join(", ");
  const because =
    addressOf(seen) === bip
      ? "what it runs with changes"
      : `docker0 changes from ${addressOf(seen) ?? "no address"} to ${bip}`;
  const groups: readonly (readonly [what: string, containers: readonly Container[]])[] = [
    ["containers that stop", seen.containers],
    ["come back by themselves", seen.containers.filter(({ returns }) => returns)],
    ["stay stopped, having no restart policy", seen.containers.filter(({ returns }) => !returns)],
  ];
  const inWords = groups.flatMap(([what, list]) => (list.length === 0 ? [] : [`${what}: ${names(list)}`]));
  return [
    `Docker restarts, because ${because}; ${inWords.join("; ") || "no container runs there"}`,
    ...(seen.daemon.liveRestore
      ? [
          "live-restore does not help here, and is off for this restart: with it Docker ignores a new bip while a " +
            "container runs",
        ]
      : []),
  ];
}

/** "28.5.2", or "29.0.0, nftables": version and firewall decide how Docker treats a routed packet. */
export function dockerIs({ version, firewall }: Daemon): string | undefined {
  if (version === undefined) return undefined;
  return firewall?.startsWith("nftables") === true ? `${version}, nftables` : version;
}

/** The treatment of a routed packet by another Docker than at the last `up`. */
function ofVersion(was: unknown, { daemon }: CheapSeen): readonly string[] {
  const now = dockerIs(daemon);
  if (typeof was !== "string" || now === undefined || was === now) return [];
  return [`Docker ${brief(was)} -> ${brief(now)}: ${meaning(was, now)}`];
}

function meaning(was: string, now: string): string {
  const [wasNft, isNft] = [was, now].map((text) => text.endsWith(", nftables"));
  if (isNft && !wasNft)
    return (
      "packets to containers are dropped by Docker's own nft table until daemon.json has allow-direct-routing and " +
      "bridge-accept-fwmark, which this up sets"
    );
  if (wasNft && !isNft)
    return "Docker's filter is in iptables again, and the keys that its nftables needed are taken out of daemon.json";
  if (major(was) < 28 && major(now) >= 28)
    return "packets to containers are dropped in raw PREROUTING until an accept stands before, and dockroute's does";
  if (major(was) >= 28 && major(now) < 28) return "it drops nothing in raw PREROUTING any more";
  return "it treats packets to containers as before";
}

function major(text: string): number {
  return Number.parseInt(text, 10);
}

/** "28.5.2, nftables" is "28.5 with nftables". */
function brief(text: string): string {
  const [version = "", backend] = text.split(", ");
  return [version.split(".").slice(0, 2).join("."), backend].filter(Boolean).join(" with ");
}

/** Networks that users make, Compose's among them: in the plan only if the host's subnet has room for them. */
function ofNetworks({ bip, pools }: Wanted, seen: CheapSeen): readonly string[] {
  const plan = (pools ?? [printRange(networkOf(bip))]).flatMap((text) => rangeOf(text));
  const isOutside = (net: Range) => !plan.some((range) => contains(range, net) || overlaps(range, net));
  const outside = (seen.dockerNetworks ?? [])
    // Docker lets nobody into an internal network, wherever it is.
    .filter(({ bridge, isDefault, internal }) => bridge !== undefined && !isDefault && !internal)
    .flatMap(({ name, ranges }) =>
      ranges.flatMap(({ subnet }) => rangeOf(subnet).map((net) => ({ name, net }))),
    )
    .filter(({ net }) => isOutside(net))
    .map(({ name, net }) => `${printRange(net)} (${name})`);
  const first = recordOf(seen) === undefined;
  return [
    ...(outside.length === 0
      ? []
      : [
          `these networks of Docker lie outside the plan, peers do not reach their containers: ${outside.join(", ")}`,
        ]),
    ...(pools === undefined && (first || outside.length > 0)
      ? [
          "the whole subnet is docker0's, so networks that users create lie outside the plan; to have them in it, set " +
            "dockroute:hostPrefix to less than 24: with 20 a host has docker0's /24 and 15 networks of /24",
        ]
      : []),
  ];
}

function rangeOf(text: string): readonly Range[] {
  const parsed = parseRange(text);
  return "value" in parsed ? [parsed.value] : [];
}
