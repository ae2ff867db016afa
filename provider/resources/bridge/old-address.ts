/** The things on a host that know docker0's old address or network, and would be wrong once docker0 has another one. */
import type { Fault } from "../../engine/errors/fault.js";
import * as json from "../../facts/daemon-json.js";
import type { Container } from "../../facts/docker-containers.js";
import type { DockerNetwork } from "../../facts/docker-networks.js";
import { setting } from "../../facts/dockerd.js";
import type { Rule, TableSeen } from "../../facts/iptables.js";
import { contains, parseHostOrRange, printRange, type Range } from "../../plan/cidr.js";
import { networkOf } from "../host/network.js";
import { placed } from "./conflicts.js";
import { addressOf, type BridgeSeen } from "./facts.js";
import type { Wanted } from "./keys.js";

/** docker0 as it is, if the change takes its address away. */
interface Old {
  /** All that docker0 has but the new one, without their networks: "172.17.0.1". */
  readonly addresses: readonly string[];
  readonly network: Range;
}

function oldOf({ bip }: Wanted, seen: BridgeSeen): Old | undefined {
  const own = addressOf(seen);
  if (own === undefined || bare(own) === bare(bip)) return undefined;
  const all = seen.links.find(({ name }) => name === "docker0")?.addresses ?? [];
  return { addresses: all.map(bare).filter((each) => each !== bare(bip)), network: networkOf(own) };
}

function bare(own: string): string {
  return own.replace(/\/.*$/, "");
}

/** The mentions that would keep dockerd, a container or the resolution of its names down. */
export function keptDown(wanted: Wanted, seen: BridgeSeen): readonly Fault[] {
  const old = oldOf(wanted, seen);
  if (old === undefined) return [];
  const reasons = [
    ...ofDaemon(old, wanted, seen),
    ...ofResolver(old, seen),
    ...(seen.dockerNetworks ?? []).flatMap((each) => ofNetwork(old, each)),
    ...seen.containers.flatMap((each) => ofContainer(old, each)),
    ...seen.stopped.filter(({ returns }) => returns).flatMap((each) => ofContainer(old, each)),
  ];
  return reasons.map((reason) => ({ property: "bip", reason }));
}

/** dockerd's settings that hold an address of the host's own, with what becomes of them without it. */
const bound: Readonly<Record<string, string>> = {
  dns: "containers resolve no names then",
  ip: "no container that publishes a port starts then",
  "host-gateway-ip": "host-gateway leads nowhere then",
  "host-gateway-ips": "host-gateway leads nowhere then",
  "metrics-addr": "dockerd does not start then",
  host: "dockerd does not start then",
};

function ofDaemon({ addresses }: Old, { bip }: Wanted, seen: BridgeSeen): readonly string[] {
  return Object.entries(bound).flatMap(([name, harm]) => {
    const found = setting(name, seen);
    const lost = addresses.find((each) => found?.values.some((value) => names(String(value), each)));
    if (found === undefined || lost === undefined) return [];
    return [
      `dockerd has ${placed(found)}, and docker0 no longer has ${lost} after this change: ${harm}; write an address that ` +
        `stays, the host's own or docker0's new ${bare(bip)}, before the next up`,
    ];
  });
}

/** Containers ask whom the host asks, but for addresses of the loopback. */
function ofResolver({ addresses }: Old, { resolvers }: BridgeSeen): readonly string[] {
  return resolvers
    .filter((each) => addresses.includes(each))
    .map(
      (each) =>
        `the host's resolver is ${each} (in /etc/resolv.conf), docker0's own address, and neither the host nor its ` +
        "containers resolve names once docker0 has another; write an address that stays",
    );
}

/** A port that names no address is published on the one of its network. */
function ofNetwork({ addresses }: Old, { name, isDefault, bindingIpv4 }: DockerNetwork): readonly string[] {
  if (isDefault || bindingIpv4 === undefined || !addresses.includes(bindingIpv4)) return [];
  return [
    `the network ${name} publishes ports on ${bindingIpv4} (com.docker.network.bridge.host_binding_ipv4), docker0's own ` +
      "address, and its containers do not start once docker0 has another; make it anew with an address that stays",
  ];
}

function ofContainer({ addresses }: Old, { name, published, dns }: Container): readonly string[] {
  const ports = published
    .filter(({ address }) => addresses.includes(address))
    .map(({ address, port }) => `${address}:${port}`);
  const resolver = dns.find((each) => addresses.includes(each));
  return [
    ...(ports.length === 0
      ? []
      : [
          `the container ${name} is published on ${ports.join(", ")}, docker0's own address, and does not start once ` +
            `docker0 has another; make it anew with \`-p 127.0.0.1:PORT:PORT\` or another address of the host that stays`,
        ]),
    ...(resolver !== undefined
      ? [
          `the container ${name} has --dns ${resolver}, docker0's own address, and resolves no names once docker0 has ` +
            "another; make it anew with the address of a resolver that stays",
        ]
      : []),
  ];
}

/** True if a text names this address and not a longer one. */
function names(text: string, address: string): boolean {
  return addressesIn(text).some((each) => each.split("/")[0] === address);
}

function addressesIn(text: string): readonly string[] {
  return [...text.matchAll(/(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2})?/g)].map(([found]) => found);
}

/** The rest: it goes on as it is, and is about a network that docker0 no longer has. */
export function namedElsewhere(wanted: Wanted, seen: BridgeSeen): readonly string[] {
  const old = oldOf(wanted, seen);
  if (old === undefined) return [];
  const places = [
    ...rulesOf(old, "filter", seen.filter),
    ...rulesOf(old, "nat", seen.nat),
    ...seen.foreign.flatMap(({ table, name, rules }) =>
      rules.filter((rule) => isIn(old, rule)).map((rule) => `nft table ${table}, chain ${name}: ${rule}`),
    ),
    ...seen.policy.rules
      .filter(({ text }) => isIn(old, text))
      .map(({ priority, text }) => `the policy rule ${priority}: ${text}`),
    ...seen.mentions
      .filter(({ address }) => address.endsWith(".") || isIn(old, address))
      .map(({ file, line, address }) => `${file}, line ${line}: ${address}`),
    ...(seen.dockerNetworks ?? [])
      .filter(({ sourceIpv4 = "" }) => old.addresses.includes(sourceIpv4))
      .map(({ name, sourceIpv4 }) => `com.docker.network.host_ipv4 of the network ${name}: ${sourceIpv4}`),
    ...keysOf(old, seen),
    ...[...seen.containers, ...seen.stopped].flatMap((each) => settingsOf(old, each)),
  ];
  if (places.length === 0) return [];
  const more = places.length - most;
  return [
    `docker0's network ${printRange(old.network)} becomes ${printRange(networkOf(wanted.bip))}, and these still name the ` +
      `old one, which dockroute does not change: ${places.slice(0, most).join("; ")}${more > 0 ? `; and ${more} more` : ""}`,
  ];
}

const most = 20;

function isIn({ network }: Old, text: string): boolean {
  return addressesIn(text).some((each) => {
    const parsed = parseHostOrRange(each);
    return "value" in parsed && contains(network, parsed.value);
  });
}

function rulesOf(old: Old, table: string, { chains }: TableSeen): readonly string[] {
  return [...chains]
    .filter(([chain]) => !/^DOCKER(?!-USER$)|^DOCKROUTE/.test(chain))
    .flatMap(([chain, rules]) => rules.map((rule) => ({ chain, rule })))
    .filter(({ rule }) => isIn(old, rule.join(" ")) && !isDockers(rule))
    .map(({ chain, rule }) => `iptables -t ${table}: -A ${chain} ${rule.join(" ")}`);
}

/** Docker masquerades what leaves a bridge, and a container that asks for its own published port. */
function isDockers(rule: Rule): boolean {
  const after = (word: string) => rule[rule.indexOf(word) + 1];
  const leaves = rule.join(" ").includes("! -o docker0");
  return rule.at(-1) === "MASQUERADE" && (leaves || (rule.includes("-d") && after("-s") === after("-d")));
}

/** Keys of daemon.json that dockroute or dockerd judge by themselves. */
const judged = [
  "bip",
  "fixed-cidr",
  "default-gateway",
  "default-address-pools",
  ...Object.keys(bound),
  "hosts",
];

function keysOf(old: Old, { file }: BridgeSeen): readonly string[] {
  return Object.entries(json.valuesOf(file))
    .filter(([key, value]) => !judged.includes(key) && isIn(old, JSON.stringify(value)))
    .map(([key, value]) => `${json.path}: ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
}

function settingsOf(old: Old, { name, hosts, variables }: Container): readonly string[] {
  return [
    ...hosts.filter((each) => isIn(old, each)).map((each) => `--add-host ${each} of the container ${name}`),
    ...variables.map((each) => `the variable ${each} of the container ${name}`),
  ];
}
