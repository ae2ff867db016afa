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

interface Place {
  readonly host: Host;
  /** The container's own address. */
  readonly box: string;
}

export async function places(hosts: readonly Host[]): Promise<readonly Place[]> {
  return Promise.all(hosts.map(async (host) => ({ host, box: await boxAddress(host) })));
}

/** Every direction by ICMP and TCP, the sources that were seen, published ports. [] is a whole mesh. */
export async function amiss(hosts: readonly Host[]): Promise<readonly string[]> {
  const all = await places(hosts);
  const found = await Promise.all(all.map((from) => amissFrom(from, all)));
  return found.flat();
}

async function amissFrom(from: Place, all: readonly Place[]): Promise<readonly string[]> {
  const peers = all.filter(({ host }) => host.name !== from.host.name);
  const own = peers.flatMap(({ host, box }): Target[] => [
    { name: `box ${host.name}`, address: box },
    { name: `box ${host.name}`, address: box, port: unpublishedPort },
    { name: `box ${host.name}`, address: box, port: publishedPort },
  ]);
  const hidden = peers.flatMap(({ host }): Target[] => [
    { name: `host ${host.name}`, address: host.address },
    { name: `host ${host.name}, published`, address: host.address, port: hostPort },
  ]);
  const self: Target = { name: "its own published port", address: from.host.address, port: hostPort };
  const [boxToBox, boxToHost, hairpin, hostToBox] = await Promise.all([
    fromBox(from.host, own),
    fromBox(from.host, hidden),
    fromBox(from.host, [self]),
    fromHost(from.host, own),
  ]);
  const box = `box ${from.host.name}`;
  return [
    ...unreached(box, [...boxToBox, ...boxToHost, ...hairpin]),
    ...unreached(`host ${from.host.name}`, hostToBox),
    ...wrongSource(box, boxToBox, from.box),
    // The next hop's answer comes back only where the host hides what it sends outside the plan.
    ...wrongSource(box, boxToHost, from.host.address),
    ...wrongSource(`host ${from.host.name}`, hostToBox, from.host.address),
  ];
}

/** The address with which a machine outside the plan sees a container, and what that machine can reach. */
export async function strangerFinds(
  hosts: readonly Host[],
  stranger: Stranger,
): Promise<{ readonly unpublished: readonly string[]; readonly published: readonly string[] }> {
  const all = await places(hosts);
  for (const { host, box } of all) {
    await stranger.exec([
      "ip",
      "route",
      "replace",
      `${box.split(".").slice(0, 3).join(".")}.0/24`,
      "via",
      host.address,
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
