/** The faults of a config's sites and of the ways between them. */
import { containsAddress, type Range } from "./cidr.js";
import type { PlanFault } from "./error.js";
import { hostNamePattern } from "./names.js";
import type { MeshConfig, PartialHost, PartialMesh } from "./types.js";
import {
  behindNat,
  betweens,
  endpointOf,
  isLink,
  type LinkKind,
  linkedHosts,
  pairsOf,
  readEndpoint,
  wayBetween,
} from "./ways.js";

export function wayFaults(config: PartialMesh, pool: Range | undefined): readonly PlanFault[] {
  const { between = "refuse", hosts } = config;
  if (!betweens.includes(between)) {
    return [fault("between", `${JSON.stringify(between)} is refused: ${betweens.join(", ")} are allowed`)];
  }
  const own = [...settingFaults(config), ...hosts.flatMap((host, at) => hostFaults(host, at, hosts, pool))];
  if (own.length > 0) return own;
  return [...refusedPairs(config), ...(isLink(between) ? linkFaults(between, config) : [])];
}

const fault = (property: string, reason: string): PlanFault => ({ property, reason });

/** The numbers of `link`, each with the least and the most that it may be. */
const settings = {
  port: [1, 65_535, "a UDP port"],
  // RFC 791 has every link take 576 bytes; no card takes more than 65,535.
  mtu: [576, 65_535, "a number of bytes"],
  keepalive: [1, 65_535, "a number of seconds"],
} as const;

function settingFaults({ link = {} }: Pick<MeshConfig, "link">): readonly PlanFault[] {
  return Object.entries(settings).flatMap(([name, [least, most, what]]) => {
    const value = link[name as keyof typeof settings];
    const isGood = value === undefined || (Number.isInteger(value) && value >= least && value <= most);
    const reason = `${JSON.stringify(value)} is refused: ${what} from ${least} to ${most} is allowed`;
    return isGood ? [] : [fault(`link.${name}`, reason)];
  });
}

function hostFaults(
  { site, publicAddress }: PartialHost,
  at: number,
  hosts: readonly PartialHost[],
  pool: Range | undefined,
): readonly PlanFault[] {
  const isMissing = site === undefined && hosts.some((other) => other.site !== undefined);
  return [
    ...(isMissing
      ? [fault(`hosts[${at}].site`, "is missing, and other hosts have one: a site is never guessed")]
      : []),
    ...(site === undefined || hostNamePattern.test(site)
      ? []
      : [
          fault(
            `hosts[${at}].site`,
            `${JSON.stringify(site)} is refused: 1 to 32 of a-z, 0-9 and - are allowed`,
          ),
        ]),
    ...publicFaults(publicAddress, pool).map((reason) => fault(`hosts[${at}].publicAddress`, reason)),
  ];
}

function publicFaults(text: string | undefined, pool: Range | undefined): readonly string[] {
  if (text === undefined || text === behindNat) return [];
  const read = readEndpoint(text);
  if (read === undefined) {
    const forms = `an address like 203.0.113.9, an address and a port like 203.0.113.9:51821, or ${behindNat}`;
    return [`${JSON.stringify(text)} is refused: ${forms} is allowed`];
  }
  if (pool === undefined || !containsAddress(pool, read.address)) return [];
  return [
    `${text} lies in the pool: the link would have to carry its own packets; take an address outside the pool`,
  ];
}

/** One fault for all pairs, because one word of the config mends them. */
function refusedPairs(config: PartialMesh): readonly PlanFault[] {
  const [first] = pairsOf(config.hosts).filter(([a, b]) => wayBetween(config, a, b) === undefined);
  if (first === undefined) return [];
  const [a, b] = first.map(({ name, site }) => `${name} (${site})`);
  return [
    fault(
      "between",
      `${a} and ${b} are in different sites, and no direct route leads from one site to another; set it to wireguard, ` +
        "vxlan or routed (docs/ways.md)",
    ),
  ];
}

function linkFaults(kind: LinkKind, config: PartialMesh): readonly PlanFault[] {
  const { hosts } = config;
  const linked = linkedHosts(config);
  const at = (host: PartialHost) => `hosts[${hosts.indexOf(host)}].publicAddress`;
  const impossible = pairsOf(hosts).flatMap(([a, b]) => {
    if (a.site === b.site || a.publicAddress !== behindNat || b.publicAddress !== behindNat) return [];
    const reason =
      `${a.name} and ${b.name}: impossible: both are behind NAT, so neither can call the other; give one of them an ` +
      "address and a port that its router forwards to it";
    return [fault(at(b), reason)];
  });
  if (kind === "vxlan")
    return linked.flatMap((host) => vxlanFaults(host).map((reason) => fault(at(host), reason)));
  return [
    ...impossible,
    ...sameEndpoints(config, kind, linked).map(([host, reason]) => fault(at(host), reason)),
  ];
}

/** Each end of a VXLAN sends to the port of a fixed address from ports of its own, which no NAT can lead back. */
function vxlanFaults({ publicAddress }: PartialHost): readonly string[] {
  if (publicAddress === behindNat) {
    return ["none is refused with between: vxlan: VXLAN does not pass NAT; take between: wireguard"];
  }
  if (publicAddress?.includes(":")) {
    return [
      `${publicAddress} is refused with between: vxlan: every end has the port of the key link; leave the port out`,
    ];
  }
  return [];
}

function sameEndpoints(
  config: PartialMesh,
  kind: LinkKind,
  linked: readonly PartialHost[],
): readonly (readonly [PartialHost, string])[] {
  const known = linked.flatMap((host) => {
    const { address } = host;
    const endpoint = address === undefined ? undefined : endpointOf(kind, config.link, { ...host, address });
    return endpoint === undefined ? [] : [{ host, endpoint }];
  });
  return known.flatMap(({ host, endpoint }, at) => {
    const before = known.findIndex((other) => other.endpoint === endpoint);
    const other = known[before];
    if (other === undefined || before === at) return [];
    // One address twice in a site is told as that.
    if (other.host.site === host.site && other.host.address === host.address) return [];
    return [
      [
        host,
        `${endpoint} is already where ${other.host.name} is called; a router can forward another port`,
      ] as const,
    ];
  });
}
