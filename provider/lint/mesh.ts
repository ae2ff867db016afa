/**
 * Judges the mesh as a whole from the facts of all hosts: an error where it would not work, else a warning. Each
 * resource judges by itself what concerns it alone.
 */

import type { Policy } from "../facts/ip-rules.js";
import { gatewayTo, linkOf, nics, type WithWays } from "../resources/host/network.js";
import { divertedItself, divertedPackets } from "./diverted.js";
import { inPool } from "./in-pool.js";
import { notItsOwn } from "./own-address.js";

/** A host of the config, and what it shows. */
export interface Standing {
  readonly name: string;
  /** The address to which peers route. */
  readonly address: string;
  /** The card that the config names. */
  readonly interface?: string | undefined;
  readonly ground: WithWays;
  /** Links with a strict rp_filter. */
  readonly strict: ReadonlySet<string>;
  readonly policy: Policy;
}

/** The plan as far as it is known before any resource is. */
export interface Intent {
  readonly pool?: string | undefined;
  readonly hostPrefix?: number | undefined;
  /** All hosts, those that were not reached among them. */
  readonly addresses: Readonly<Record<string, string>>;
  /** The sites of those that have one. Direct routes lead only to hosts of the own site. */
  readonly sites?: Readonly<Record<string, string>> | undefined;
}

export interface Finding {
  readonly level: "error" | "warning";
  /** The hosts that it concerns: an error refuses the resources of each. */
  readonly hosts: readonly string[];
  /** Begins with a host's name. */
  readonly text: string;
}

/** Every finding at once, in the order of the hosts. */
export function lint(intent: Intent, hosts: readonly Standing[]): readonly Finding[] {
  return hosts.flatMap((host) => {
    const near = hosts.filter(({ name }) => isNear(intent, host.name, name));
    return [
      ...sameMachine(host, hosts),
      ...offLink(intent, host),
      ...wayBack(host, near),
      ...diverted(intent, host),
      ...notItsOwn(host, near).map((text) => warning([host.name], text)),
      ...inPool(intent, host).map((text) => warning([host.name], text)),
      ...smaller(host, near),
    ];
  });
}

/** True for two hosts of one site, between which the routes are direct. */
function isNear({ sites = {} }: Intent, a: string, b: string): boolean {
  return sites[a] === sites[b];
}

const error = (hosts: readonly string[], text: string): Finding => ({ level: "error", hosts, text });
const warning = (hosts: readonly string[], text: string): Finding => ({ level: "warning", hosts, text });

/** Reported once, for the first of the two. */
function sameMachine(host: Standing, hosts: readonly Standing[]): readonly Finding[] {
  const { machine } = host.ground;
  if (machine === undefined) return [];
  const others = hosts.slice(hosts.indexOf(host) + 1).filter(({ ground }) => ground.machine === machine);
  return others.map(({ name, ground }) => {
    const [a, b] = [host.ground, ground].map((each) => nics(each).flatMap(({ addresses }) => addresses));
    return JSON.stringify(a) === JSON.stringify(b)
      ? error(
          [host.name, name],
          `${host.name} and ${name} are one machine, ${machine}, under two names: take one of them out of dockroute:hosts`,
        )
      : warning(
          [host.name, name],
          `${host.name} and ${name} have the same machine-id, ${machine}, as copies of one disk have: give one of them its ` +
            "own by `rm /etc/machine-id && systemd-machine-id-setup`, or an exchanged host is not told from a moved one",
        );
  });
}

function offLink(intent: Intent, host: Standing): readonly Finding[] {
  const between = new Map<string, string[]>();
  for (const [name, address] of Object.entries(intent.addresses)) {
    if (name === host.name || !isNear(intent, host.name, name)) continue;
    if (linkOf(host.ground, address) !== undefined) continue;
    const way = gatewayTo(host.ground, address);
    between.set(way, [...(between.get(way) ?? []), `${name} (${address})`]);
  }
  const links = nics(host.ground).map(({ name, addresses: own }) => `${name} (${own.join(", ")})`);
  return [...between].map(([way, peers]) =>
    error(
      [host.name],
      `${host.name}, with ${links.join(", ")}, is on no link of ${peers.join(", ")}: ${way}; a direct route needs both on one layer-2 network; ` +
        "hosts of different networks need a `site` each, and `dockroute:between`",
    ),
  );
}

/** A finding on the containers' packets stands for those that the host itself sends too. */
function diverted(intent: Intent, host: Standing): readonly Finding[] {
  const packets = divertedPackets(intent, host);
  return packets.length > 0
    ? packets.map((text) => error([host.name], text))
    : divertedItself(intent, host).map((text) => warning([host.name], text));
}

/** The card that holds the host's own address. */
function cardOf({ ground, address }: Standing): string | undefined {
  return nics(ground).find(({ addresses }) => addresses.some((own) => own.split("/")[0] === address))?.name;
}

/** Packets arrive at the card with this host's address; the route back to their source may use another card. */
function wayBack(host: Standing, hosts: readonly Standing[]): readonly Finding[] {
  const into = cardOf(host);
  if (into === undefined || !host.strict.has(into)) return [];
  const astray = hosts.flatMap((peer) => {
    const back = host.interface ?? linkOf(host.ground, peer.address);
    return peer === host || back === undefined || back === into ? [] : [{ peer: peer.name, back }];
  });
  const [first] = astray;
  if (first === undefined) return [];
  const peers = astray.map(({ peer }) => peer).join(", ");
  return [
    error(
      [host.name],
      `${host.name}: rp_filter is strict on ${into}, where packets of ${peers} come in, and the route back to them is on ${first.back}: the ` +
        `kernel drops them; \`sysctl -w net.ipv4.conf.${into}.rp_filter=2\`, or set \`interface: ${into}\` for it, or take addresses of one network into dockroute:hosts`,
    ),
  ];
}

function smaller(host: Standing, hosts: readonly Standing[]): readonly Finding[] {
  const mtuTo = (from: Standing, to: Standing) => {
    const link = linkOf(from.ground, to.address);
    return from.ground.links.find(({ name }) => name === link)?.mtu;
  };
  const larger = hosts.flatMap((peer) => {
    const [own, its] = [mtuTo(host, peer), mtuTo(peer, host)];
    return peer === host || own === undefined || its === undefined || own >= its
      ? []
      : [{ peer: peer.name, own, its }];
  });
  const [first] = larger;
  if (first === undefined) return [];
  const peers = larger.map(({ peer, its }) => `${peer} ${its}`).join(", ");
  return [
    warning(
      [host.name],
      `${host.name}: its card takes packets of ${first.own} bytes, that of ${peers}: larger packets do not arrive; make them the same, or set ` +
        `"mtu": ${first.own} in daemon.json of the others`,
    ),
  ];
}
