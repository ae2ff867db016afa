/** Looks at a mesh from inside its containers and hosts, and says in words what is not as promised. */
import type { Host, Stranger } from "../../lab/host.js";
import {
  boxAddress,
  fromBox,
  fromHost,
  fromStranger,
  hostPort,
  publishedPort,
  type Reached,
  type Target,
  unpublishedPort,
} from "../../lab/probe.js";

export interface Place {
  readonly host: Host;
  /** The container's own address. */
  readonly box: string;
}

export async function places(hosts: readonly Host[], name = "box"): Promise<readonly Place[]> {
  return Promise.all(hosts.map(async (host) => ({ host, box: await boxAddress(host, name) })));
}

/** Every direction by ICMP and TCP, the sources that were seen, published ports. [] is a whole mesh. */
export async function amiss(hosts: readonly Host[]): Promise<readonly string[]> {
  const all = await places(hosts);
  const found = await Promise.all([
    sameAddresses(all),
    betweenBoxes(all),
    fromHosts(all),
    toHosts(all),
    publishedPorts(all),
    ownPublished(all),
  ]);
  return found.flat();
}

/** Two containers with one address would each answer for the other, and the mesh would look whole. */
function sameAddresses(all: readonly Place[]): readonly string[] {
  const boxes = all.map(({ box }) => box);
  return boxes
    .filter((box, at) => boxes.indexOf(box) !== at)
    .map((box) => `two boxes have the address ${box}`);
}

/** Containers to containers of other hosts: unpublished and published port, each seen as itself. */
export async function betweenBoxes(
  all: readonly Place[],
  others: readonly Place[] = all,
  name = "box",
): Promise<readonly string[]> {
  return each(all, async (from) => {
    const box = `${name} ${from.host.name}`;
    const peers = others.filter(({ host }) => host.name !== from.host.name);
    const answers = await fromBox(from.host, peers.flatMap(inBox), name);
    return [...unreached(box, answers), ...wrongSource(box, answers, from.box)];
  });
}

/** Hosts' own processes to the containers of the others. */
export async function fromHosts(all: readonly Place[]): Promise<readonly string[]> {
  return each(all, async (from, peers) => {
    const answers = await fromHost(from.host, peers.flatMap(inBox));
    const name = `host ${from.host.name}`;
    return [...unreached(name, answers), ...wrongSource(name, answers, from.host.address)];
  });
}

/** Containers to the other hosts themselves. */
export async function toHosts(all: readonly Place[]): Promise<readonly string[]> {
  return each(all, async (from, peers) => {
    const targets = peers.map(({ host }): Target => ({ name: `host ${host.name}`, address: host.address }));
    return unreached(`box ${from.host.name}`, await fromBox(from.host, targets));
  });
}

/** Published ports by the hosts' addresses, called by the peers' containers. */
export async function publishedPorts(all: readonly Place[]): Promise<readonly string[]> {
  return each(all, async (from, peers) => {
    const box = `box ${from.host.name}`;
    const toPeers = await fromBox(from.host, peers.map(publishedBy));
    // A host's answer comes back only where the other one masquerades its packets to addresses outside the plan.
    return [...unreached(box, toPeers), ...wrongSource(box, toPeers, from.host.address)];
  });
}

/** A container that calls its own published port. A firewall of the host may close that without our doing. */
export async function ownPublished(all: readonly Place[]): Promise<readonly string[]> {
  return each(all, async (from) =>
    unreached(`box ${from.host.name}`, await fromBox(from.host, [publishedBy(from)])),
  );
}

function publishedBy({ host }: Place): Target {
  return { name: `host ${host.name}, published`, address: host.address, port: hostPort };
}

async function each(
  all: readonly Place[],
  look: (from: Place, peers: readonly Place[]) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  return (
    await Promise.all(
      all.map((from) =>
        look(
          from,
          all.filter((peer) => peer !== from),
        ),
      ),
    )
  ).flat();
}

function inBox({ host, box }: Place): readonly Target[] {
  return [undefined, unpublishedPort, publishedPort].map((port) => ({
    name: `box ${host.name}`,
    address: box,
    ...(port === undefined ? {} : { port }),
  }));
}

/** The same a host at a time: before the first up all containers have one address, and a route leads to one host. */
export async function strangerFindsEach(hosts: readonly Host[], stranger: Stranger) {
  const found = { unpublished: [] as string[], published: [] as string[] };
  for (const host of hosts) {
    const own = await strangerFinds([host], stranger);
    found.unpublished.push(...own.unpublished);
    found.published.push(...own.published);
  }
  return found;
}

/** An address of the pool that no plan of the labs gives to anybody. */
export const unallocated = "172.30.250.7";

/** Doors that the stranger finds open under that address, while each host would answer to it if it let it in. */
export async function findsUnallocated(hosts: readonly Host[], stranger: Stranger) {
  const route = (verb: string, host: Host) =>
    host.run(["ip", "route", verb, `${unallocated}/32`, "via", stranger.address]);
  await stranger.run(["ip", "addr", "replace", `${unallocated}/32`, "dev", "eth0"]);
  await Promise.all(hosts.map((host) => route("replace", host)));
  const found = await strangerFinds(hosts, stranger, "box", unallocated);
  await Promise.all(hosts.map((host) => route("del", host)));
  return found;
}

/** Doors of the containers that a machine outside the plan can reach, under an address of its own. */
export async function strangerFinds(
  hosts: readonly Host[],
  stranger: Stranger,
  name = "box",
  source = stranger.address,
): Promise<{ readonly unpublished: readonly string[]; readonly published: readonly string[] }> {
  const all = await places(hosts, name);
  for (const { host, box } of all) {
    await stranger.exec([
      "ip",
      "route",
      "replace",
      `${box.split(".").slice(0, 3).join(".")}.0/24`,
      "via",
      host.address,
      "src",
      source,
    ]);
  }
  const unpublished = await fromStranger(
    stranger,
    all.flatMap(({ host, box }): Target[] => [
      { name: host.name, address: box },
      { name: host.name, address: box, port: unpublishedPort },
    ]),
  );
  const published = await fromStranger(
    stranger,
    all.map(({ host }): Target => ({ name: host.name, address: host.address, port: hostPort })),
  );
  return {
    unpublished: unpublished.filter(({ reached }) => reached).map(({ target }) => words(target)),
    published: unreached("the stranger", published),
  };
}

function unreached(from: string, answers: readonly Reached[]): readonly string[] {
  return answers
    .filter(({ reached }) => !reached)
    .map(({ target }) => `${from} does not reach ${words(target)}`);
}

function wrongSource(from: string, answers: readonly Reached[], wanted: string): readonly string[] {
  return answers
    .filter(({ source }) => source !== undefined && source !== wanted)
    .map(({ target, source }) => `${from} is seen by ${words(target)} as ${source}, not as ${wanted}`);
}

function words({ name, address, port }: Target): string {
  return `${name} (${address}${port === undefined ? "" : `:${port}`})`;
}
