/**
 * The data path: the cost of a packet from container to container on the direct route, beside the wire itself and
 * beside what people use instead. The paths take turns, so that a busy moment of the machine meets all of them.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "../lab/host.js";
import type { Lab } from "../lab/lab.js";
import { boxAddress, boxOptions, startBox } from "../lab/probe.js";
import { sleep } from "../lab/run.js";

export const paths = ["host to host", "direct route", "published port", "VXLAN overlay"] as const;
export type Path = (typeof paths)[number];

/** Speeds at which the hosts' cards may send: as fast as the machine can, and like a common card. */
export const cards = ["unlimited", "1 Gbit/s"] as const;
export type Card = (typeof cards)[number];

export interface Flow {
  readonly path: Path;
  readonly card: Card;
  /** Gbit/s of one TCP stream, a run each. */
  readonly throughput: readonly number[];
  /** CPU seconds of the whole machine, both hosts and the wire, for a gigabit. */
  readonly cpu: readonly number[];
  /** Microseconds of a round trip of 64 bytes. */
  readonly p50: readonly number[];
  readonly p99: readonly number[];
}

const ports = { stream: 5201, echo: 5202 };
const published = Object.values(ports).flatMap((port) => ["-p", `${port}:${port}`]);
/** A path that nothing passes is a fault of the bench, and not waited for. */
const limit = { timeoutMs: 120_000 };
const overlayOf = (at: number): string => `192.168.77.${at + 1}`;

/** The box whose namespaces the measuring programs are put in: its own image has none of them. */
export const startMeasuredBox = (host: Host): Promise<void> =>
  startBox(host, "box", [...boxOptions, ...published]);

/** The process whose network is meant; 1 is the host itself. */
type Inside = { readonly host: Host; readonly pid: string };

interface Ends {
  readonly path: Path;
  readonly client: Inside;
  /** The address that the client calls. */
  readonly address: string;
}

/** @param lab two hosts with a mesh between them and a measured box on each */
export async function dataPath(
  lab: Lab,
  { rounds, seconds, trips }: { readonly rounds: number; readonly seconds: number; readonly trips: number },
  tell: (line: string) => void,
): Promise<readonly Flow[]> {
  const [from, to] = lab.hosts;
  if (from === undefined || to === undefined) throw new Error("the data path is between two hosts");
  const [here, there] = await Promise.all([pidOf(from, "box"), pidOf(to, "box")]);
  const overlays = await Promise.all([overlay(from, to, 0), overlay(to, from, 1)]);
  const echo = readFileSync(join(__dirname, "echo.py"));
  for (const host of [from, to]) await host.run("cat > /run/echo.py", { input: echo });
  for (const pid of ["1", there, overlays[1]]) await serve({ host: to, pid });
  const inBox = { host: from, pid: here };
  const ends: readonly Ends[] = [
    { path: "host to host", client: { host: from, pid: "1" }, address: to.address },
    { path: "direct route", client: inBox, address: await boxAddress(to) },
    { path: "published port", client: inBox, address: to.address },
    { path: "VXLAN overlay", client: { host: from, pid: overlays[0] }, address: overlayOf(1) },
  ];
  const flows = cards.flatMap((card) =>
    paths.map((path): Growing => ({ path, card, throughput: [], cpu: [], p50: [], p99: [] })),
  );
  for (const card of cards) {
    await limitTo(card, [from, to]);
    for (let round = 0; round < rounds; round++) {
      for (const end of ends) {
        const { throughput, cpu } = await stream(end, seconds);
        const { p50, p99 } = await roundTrips(end, trips);
        const flow = flows.find((one) => one.card === card && one.path === end.path);
        flow?.throughput.push(throughput);
        flow?.cpu.push(cpu);
        flow?.p50.push(p50);
        flow?.p99.push(p99);
        tell(`${card}, ${end.path}: ${throughput.toFixed(2)} Gbit/s, ${p50.toFixed(0)} us`);
      }
    }
  }
  return flows;
}

async function limitTo(card: Card, hosts: readonly Host[]): Promise<void> {
  if (card === "unlimited") return;
  for (const host of hosts) {
    const rate = "rate 1gbit burst 256kb latency 20ms";
    await host.run(`tc qdisc replace dev ${host.state.interface} root tbf ${rate}`);
  }
}

type Growing = { readonly path: Path; readonly card: Card } & Record<
  "throughput" | "cpu" | "p50" | "p99",
  number[]
>;

async function pidOf(host: Host, name: string): Promise<string> {
  return (await host.run(["docker", "inspect", "-f", "{{.State.Pid}}", name])).trim();
}

const inside = ({ pid }: Inside, argv: readonly string[]): readonly string[] => [
  ...["nsenter", "-t", pid, "-n"],
  ...argv,
];

/** The published port of the box and the host's own are the same number, so on the host it is another one. */
const portsIn = ({ pid }: Inside): typeof ports =>
  pid === "1" ? { stream: ports.stream + 100, echo: ports.echo + 100 } : ports;

async function serve(where: Inside): Promise<void> {
  const { host } = where;
  const { stream: port, echo } = portsIn(where);
  for (const argv of [
    ["iperf3", "-s", "-p", String(port)],
    ["python3", "/run/echo.py", "serve", String(echo)],
  ]) {
    await host.run(["systemd-run", "-q", "--collect", ...inside(where, argv)]);
  }
  await sleep(500);
}

async function stream({ client, address }: Ends, seconds: number) {
  const { stream: port } = portsIn(client);
  const argv = ["iperf3", "-J", "-c", address, "-p", String(port), "-t", String(seconds), "-O", "1"];
  const before = busy();
  const said = JSON.parse(await client.host.run(inside(client, argv), limit)) as {
    end: { sum_received: { bits_per_second: number } };
    intervals: { sum: { bytes: number } }[];
  };
  const used = busy() - before;
  // The first second, which counts for no throughput, has its part in the CPU.
  const bits = said.intervals.reduce((sum, each) => sum + each.sum.bytes * 8, 0);
  return { throughput: said.end.sum_received.bits_per_second / 1e9, cpu: used / (bits / 1e9) };
}

async function roundTrips({ client, address }: Ends, trips: number) {
  const { echo } = portsIn(client);
  const argv = ["python3", "/run/echo.py", "ask", address, String(echo), String(trips)];
  const times = (await client.host.run(inside(client, argv), limit)).trim().split("\n").map(Number);
  const at = (part: number): number => times[Math.floor(times.length * part)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

/**
 * An overlay as Docker's own driver makes it: on each host a namespace with a bridge, to which a VXLAN device (its
 * packets go over the host's card) and the container's cable lead. Another container lends its namespace.
 */
async function overlay(host: Host, peer: Host, at: number): Promise<string> {
  const start = async (name: string): Promise<string> => {
    await host.run(`docker run -d --name ${name} --network none lab/box sleep 100000`);
    return pidOf(host, name);
  };
  const between = await start("overlay");
  const pid = await start("over");
  await host.run(`set -e
    ip link add vx0 type vxlan id 77 dstport 4789 remote ${peer.address} dev ${host.state.interface}
    ip link set vx0 netns ${between}
    nsenter -t ${between} -n sh -e -c '
      ip link add br0 type bridge
      ip link set vx0 master br0 up
      ip link add over0 mtu 1450 type veth peer name eth0 mtu 1450 netns ${pid}
      ip link set over0 master br0 up
      ip link set br0 up'
    nsenter -t ${pid} -n sh -e -c 'ip addr add ${overlayOf(at)}/24 dev eth0; ip link set eth0 up'
  `);
  return pid;
}

/** CPU seconds that the machine has spent on anything, in all its hosts. */
function busy(): number {
  const line = /^cpu +(.*)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1] ?? "";
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(" ").map(Number);
  return (user + nice + system + irq + softirq) / 100;
}
