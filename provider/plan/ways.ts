/**
 * The way between each two hosts, and what it needs at both ends. Hosts of one site have direct routes; hosts of two
 * sites have what the config names in `between`. Pure.
 */
import { type Address, parseAddress, parseRange, printAddress } from "./cidr.js";
import { v4 } from "./family.js";
import type { Between, LinkSettings, MeshConfig, PartialHost } from "./types.js";

/** Every value of `between`. */
export const betweens = ["wireguard", "vxlan", "routed", "refuse"] as const satisfies readonly Between[];

export type LinkKind = Extract<Between, "wireguard" | "vxlan">;
export type Way = "direct" | Exclude<Between, "refuse">;

/** IANA's port of VXLAN, and the one that WireGuard's own documentation uses. */
export const defaultPorts = { wireguard: 51820, vxlan: 4789 } as const satisfies Record<LinkKind, number>;

/** NAT forgets a UDP flow after 30 seconds at the least (RFC 4787, section 4.3 asks for two minutes). */
const keepaliveByDefault = 25;

/** The value of `publicAddress` of a host that no other site can call. */
export const behindNat = "none";

type Sited = Pick<PartialHost, "site">;
type Ways = Pick<MeshConfig, "between" | "link">;

/** undefined where the config has no way between their sites. */
export function wayBetween({ between = "refuse" }: Ways, a: Sited, b: Sited): Way | undefined {
  if (a.site === b.site) return "direct";
  return between === "refuse" ? undefined : between;
}

/** Every two hosts, once. */
export function pairsOf<Host>(hosts: readonly Host[]): readonly (readonly [Host, Host])[] {
  return hosts.flatMap((a, at) => hosts.slice(at + 1).map((b) => [a, b] as const));
}

/** The hosts that reach a peer by a link. @param isPeer the peers that count @default all */
export function linkedHosts<Host extends Sited>(
  config: Ways & { readonly hosts: readonly Host[] },
  isPeer: (peer: Host) => boolean = () => true,
): readonly Host[] {
  const { hosts } = config;
  return hosts.filter((host) => hosts.some((peer) => isPeer(peer) && isLink(wayBetween(config, host, peer))));
}

export function isLink(way: Way | Between | undefined): way is LinkKind {
  return way === "wireguard" || way === "vxlan";
}

export function portOf(kind: LinkKind, { port }: LinkSettings = {}): number {
  return port ?? defaultPorts[kind];
}

/** An end of a link, as the hosts of other sites see it. */
export type End = Pick<PartialHost, "publicAddress"> & { readonly address: string };

/** The call of a host to the other end of a link. */
export interface Call {
  /** "203.0.113.9:51820", and without the port for VXLAN, whose device has it. Missing for an end that cannot be called. */
  readonly endpoint?: string;
  /** Seconds; only a host behind NAT has to keep its way open. */
  readonly keepalive?: number;
}

export function callTo(kind: LinkKind, settings: LinkSettings | undefined, from: End, to: End): Call {
  const endpoint = endpointOf(kind, settings, to);
  const keepalive = settings?.keepalive ?? keepaliveByDefault;
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(from.publicAddress === behindNat ? { keepalive } : {}),
  };
}

/** The endpoint of this end for all others. */
export function endpointOf(
  kind: LinkKind,
  settings: LinkSettings | undefined,
  { address, publicAddress = address }: End,
): string | undefined {
  if (publicAddress === behindNat) return undefined;
  if (kind === "vxlan" || publicAddress.includes(":")) return publicAddress;
  return `${publicAddress}:${portOf(kind, settings)}`;
}

/**
 * The addresses that packets of these ends come from; none stands for every address, because one of the ends is behind
 * NAT. WireGuard answers nobody who has no key.
 */
export function sourcesOfEnds(ends: readonly End[]): readonly string[] {
  if (ends.some(({ publicAddress }) => publicAddress === behindNat)) return [];
  const all = ends.map(({ address, publicAddress = address }) => `${publicAddress.split(":")[0]}/32`);
  return [...new Set(all)].sort();
}

/**
 * A host's own address on its link: the network address of its subnet, which Docker gives to nobody. Peers let the
 * whole subnet in, so the host itself reaches their containers with it.
 */
export function linkAddress(subnet: string): string {
  const range = parseRange(subnet);
  return "value" in range ? printAddress(range.value.first) : subnet;
}

/** A route that the network between the sites needs: a line of a cloud's route table or of a router. */
export interface FabricRoute {
  /** A host's subnet. @example "172.30.2.0/24" */
  readonly destination: string;
  /** The host's address. @example "10.0.0.5" */
  readonly nextHop: string;
  /** The host's name. */
  readonly host: string;
}

/** The routes of every host that a host of another site reaches by the network between them. */
export function fabricRoutes(
  config: MeshConfig,
  plan: Readonly<Record<string, { readonly subnet: string; readonly address: string }>>,
): readonly FabricRoute[] {
  const isRouted = (host: Sited) => config.hosts.some((peer) => wayBetween(config, host, peer) === "routed");
  return config.hosts.filter(isRouted).flatMap(({ name: host }) => {
    const own = plan[host];
    return own === undefined ? [] : [{ destination: own.subnet, nextHop: own.address, host }];
  });
}

/** An address of IPv4 with or without a port, "203.0.113.9:51820"; undefined for any other text. */
export function readEndpoint(
  text: string,
): { readonly address: Address; readonly port?: number } | undefined {
  const [address = "", port, ...more] = text.split(":");
  const parsed = parseAddress(address, v4);
  if ("reason" in parsed || more.length > 0) return undefined;
  if (port === undefined) return { address: parsed.value };
  const isPort = /^[1-9][0-9]{0,4}$/.test(port) && Number(port) < 65_536;
  return isPort ? { address: parsed.value, port: Number(port) } : undefined;
}
