import { existsSync } from "node:fs";
import { run, tryRun } from "./run.js";
import type { HostState, LabState, StrangerState } from "./state.js";

/**
 * The wire of a lab: a bridge in a network namespace of its own (the switch), a namespace for each host,
 * and one veth to the outer machine, with whose connected route alone the outer machine knows of it.
 */
export const namespaceOf = (lab: LabState, name: string): string => `${lab.prefix}-${name}`;
export const switchNamespace = (lab: LabState): string => namespaceOf(lab, "switch");
export const operatorInterface = (lab: LabState): string => `${lab.prefix}-op`;
/** The network of the second cards: the same number under another prefix, reached by nothing else. */
export const secondNetwork = (lab: LabState): string => `10.214.${lab.slot}.0/24`;
/** The network of the far site: the switch routes between it and the first one. */
export const farNetwork = (slot: number): string => `10.215.${slot}.0/24`;
const secondPortOf = (machine: HostState | StrangerState): string => `side${machine.index}`;
const portOf = (machine: HostState | StrangerState): string => `port${machine.index}`;

export const addressIn = (subnet: string, last: number): string => subnet.replace(/\.0\/24$/, `.${last}`);
export const gatewayOf = (lab: LabState): string => addressIn(lab.subnet, 1);
export const operatorOf = (lab: LabState): string => addressIn(lab.subnet, 254);
/** Locally administered, the same for a machine's whole life: its lab's slot and its place in the lab. */
export const macOf = (slot: number, index: number): string =>
  [0x02, 0xd0, slot, 0, 0, index].map((part) => part.toString(16).padStart(2, "0")).join(":");

const ip = (...lines: string[]): Promise<string> =>
  run(["ip", "-batch", "-"], { input: `${lines.join("\n")}\n` });

/** A batch inside a namespace; `ip -n` has no effect on the lines of a batch. */
const ipIn = (namespace: string, ...lines: string[]): Promise<string> =>
  run(["ip", "-n", namespace, "-batch", "-"], { input: `${lines.join("\n")}\n` });

export async function makeSwitch(lab: LabState): Promise<void> {
  const name = switchNamespace(lab);
  await makeNamespace(name);
  await ipIn(
    name,
    "link add bridge0 type bridge",
    `addr add ${gatewayOf(lab)}/24 dev bridge0`,
    "link set bridge0 up",
  );
  await run([
    "ip",
    "link",
    "add",
    operatorInterface(lab),
    "type",
    "veth",
    "peer",
    "name",
    "operator",
    "netns",
    name,
  ]);
  await ipIn(name, "link set operator master bridge0 up");
  if (lab.hosts.some(({ secondCard }) => secondCard)) {
    const second = `addr add ${addressIn(secondNetwork(lab), 1)}/24 dev bridge1`;
    await ipIn(name, "link add bridge1 type bridge", second, "link set bridge1 up");
  }
  await ip(
    `addr add ${operatorOf(lab)}/24 dev ${operatorInterface(lab)}`,
    `link set ${operatorInterface(lab)} up`,
  );
  if (lab.hosts.some(({ farSite }) => farSite)) await makeFarSite(lab);
}

/** Its hosts are reached through the switch, also by the outer machine, by a route that goes with the lab's interface. */
async function makeFarSite(lab: LabState): Promise<void> {
  const [name, far] = [switchNamespace(lab), farNetwork(lab.slot)];
  const address = `addr add ${addressIn(far, 1)}/24 dev bridge2`;
  await ipIn(name, "link add bridge2 type bridge", address, "link set bridge2 up");
  await run(["nsenter", `--net=/run/netns/${name}`, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1"]);
  await ip(`route add ${far} via ${gatewayOf(lab)} dev ${operatorInterface(lab)}`);
}

/**
 * A fresh namespace, as the kernel of a fresh machine has it. A new namespace takes its IPv4 settings from
 * the outer machine, where forwarding may be on: Docker sets its FORWARD policy only where it turns forwarding on.
 */
async function makeNamespace(name: string): Promise<void> {
  await run(["ip", "netns", "add", name]);
  const script = `
    cd /proc/sys/net/ipv4
    echo 0 > ip_forward
    for d in all default; do
      echo 0 > conf/$d/forwarding; echo 0 > conf/$d/rp_filter; echo 0 > conf/$d/proxy_arp
      echo 0 > conf/$d/route_localnet; echo 1 > conf/$d/accept_redirects; echo 0 > conf/$d/arp_ignore
    done
    echo 1 > conf/all/send_redirects; echo 1 > conf/default/send_redirects
    ip link set lo up`;
  await run(["nsenter", `--net=/run/netns/${name}`, "sh", "-e", "-c", script]);
}

/** The host's namespace and its cable, as at every power-on: nothing of an earlier life is in it. */
export async function plugHost(lab: LabState, host: HostState): Promise<void> {
  await unplug(lab, host);
  await plug(lab, host, host.interface, host);
  if (host.secondCard !== true) return;
  const name = namespaceOf(lab, host.name);
  await cable(lab, {
    name,
    device: "eth1",
    port: secondPortOf(host),
    bridge: "bridge1",
    ...(host.mtu === undefined ? {} : { mtu: host.mtu }),
  });
  await ipIn(name, ...secondCardLines(lab, host));
}

const firstCardLines = ({ address }: HostState | StrangerState, device: string): string[] => [
  `addr add ${address}/24 broadcast + dev ${device}`,
  `link set ${device} up`,
  `route add default via ${address.replace(/\d+$/, "1")} dev ${device}`,
];

const secondCardLines = (lab: LabState, host: HostState): string[] => [
  `addr add ${addressIn(secondNetwork(lab), 10 + host.index)}/24 broadcast + dev eth1`,
  "link set eth1 up",
];

/** The lines for `ip -batch` on a host whose cards come with its own kernel. */
export function cardLines(lab: LabState, host: HostState): readonly string[] {
  return [
    ...(host.bareCard === true ? [] : firstCardLines(host, host.interface)),
    ...(host.secondCard === true ? secondCardLines(lab, host) : []),
  ];
}

/** A port of the switch for each card of a virtual machine. */
export interface Tap {
  readonly name: string;
  readonly mac: string;
}

/** Makes the taps that QEMU, started in the switch's namespace, takes by their names. */
export async function plugVm(lab: LabState, host: HostState): Promise<readonly Tap[]> {
  await unplug(lab, host);
  const taps = [{ name: portOf(host), mac: host.mac, bridge: host.farSite === true ? "bridge2" : "bridge0" }];
  if (host.secondCard === true) {
    const mac = macOf(lab.slot, 100 + host.index);
    taps.push({ name: secondPortOf(host), mac, bridge: "bridge1" });
  }
  for (const { name, bridge } of taps) {
    await ipIn(
      switchNamespace(lab),
      `tuntap add dev ${name} mode tap`,
      ...(host.mtu === undefined ? [] : [`link set ${name} mtu ${host.mtu}`]),
      `link set ${name} master ${bridge} up`,
    );
  }
  return taps;
}

/** For a program that is to run at the switch. */
export const atSwitch = (lab: LabState): readonly string[] => [
  "nsenter",
  `--net=/run/netns/${switchNamespace(lab)}`,
];

export async function plugStranger(lab: LabState, stranger: StrangerState): Promise<void> {
  await unplug(lab, stranger);
  await plug(lab, stranger, "eth0");
}

interface Cable {
  /** The machine's namespace. */
  readonly name: string;
  readonly device: string;
  readonly port: string;
  readonly bridge: string;
  readonly mac?: string;
  readonly mtu?: number;
}

async function cable(lab: LabState, { name, device, port, bridge, mac, mtu }: Cable): Promise<void> {
  const size = mtu === undefined ? [] : ["mtu", String(mtu)];
  await run([
    ...[
      "ip",
      "-n",
      switchNamespace(lab),
      "link",
      "add",
      port,
      ...size,
      "type",
      "veth",
      "peer",
      "name",
      device,
    ],
    ...(mac === undefined ? [] : ["address", mac]),
    ...[...size, "netns", name],
  ]);
  await ipIn(switchNamespace(lab), `link set ${port} master ${bridge} up`);
}

async function plug(
  lab: LabState,
  machine: HostState | StrangerState,
  device: string,
  { bareCard, farSite, mtu }: Pick<HostState, "bareCard" | "farSite" | "mtu"> = {},
): Promise<void> {
  const name = namespaceOf(lab, machine.name);
  await makeNamespace(name);
  // The same MAC address at every power-on: with another one the neighbours send to the old one for a while.
  const { mac } = machine;
  await cable(lab, {
    name,
    device,
    port: portOf(machine),
    bridge: farSite === true ? "bridge2" : "bridge0",
    mac,
    ...(mtu === undefined ? {} : { mtu }),
  });
  if (bareCard === true) return;
  await ipIn(name, ...firstCardLines(machine, device));
}

export async function unplug(lab: LabState, machine: HostState | StrangerState): Promise<void> {
  // The cable first: a namespace is taken down by the kernel at its leisure, and its end of the cable with it.
  if (existsSync(`/run/netns/${switchNamespace(lab)}`)) {
    for (const port of [portOf(machine), secondPortOf(machine)])
      await tryRun(["ip", "-n", switchNamespace(lab), "link", "del", port]);
  }
  await removeNamespace(namespaceOf(lab, machine.name));
}

export async function setLink(
  lab: LabState,
  machine: HostState | StrangerState,
  state: "up" | "down",
): Promise<void> {
  await run(["ip", "-n", switchNamespace(lab), "link", "set", portOf(machine), state]);
}

export async function removeNetwork(lab: LabState): Promise<void> {
  for (const machine of [...lab.hosts, ...lab.strangers]) await unplug(lab, machine);
  await tryRun(["ip", "link", "del", operatorInterface(lab)]);
  await removeNamespace(switchNamespace(lab));
}

async function removeNamespace(name: string): Promise<void> {
  if (existsSync(`/run/netns/${name}`)) await run(["ip", "netns", "del", name]);
}

/** The networks that the outer machine knows already: no lab may lie in one. */
export async function knownDestinations(): Promise<string[]> {
  const routes = JSON.parse(await run(["ip", "-j", "-4", "route", "show"])) as { dst: string }[];
  return routes.map((route) => route.dst);
}
