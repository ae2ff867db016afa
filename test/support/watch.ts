/** Watches one host of a mesh come back after an event, from inside the containers, and keeps the times. */
import type { Host, Stranger } from "../../lab/host.js";
import { boxAddress, fromBox, type Reached, type Target, unpublishedPort } from "../../lab/probe.js";
import { betweenBoxes, fromHosts, places, publishedPorts, strangerFinds, toHosts } from "./mesh.js";

/** The box of a host and that of a peer, both ways, by ICMP and TCP, each seen as itself; and the way outside. */
export async function astray(
  host: Host,
  peer: Host,
  outside: Stranger,
  box = "box",
): Promise<readonly string[]> {
  const [own, others] = await Promise.all([boxAddress(host, box), boxAddress(peer)]).catch(() => ["", ""]);
  if (!own || !others) return [`no ${box} on ${host.name}, or none on ${peer.name}`];
  const both = (address: string): Target[] => [
    { name: address, address },
    { name: address, address, port: unpublishedPort },
  ];
  const server: Target = { name: "the outside", address: outside.address, port: 81 };
  const [out, back] = await Promise.all([
    fromBox(host, [...both(others), server], box, 1),
    fromBox(peer, both(own), "box", 1),
  ]);
  const asHost = out.slice(-1);
  return [...wrong(out.slice(0, -1), own), ...wrong(back, others), ...wrong(asHost, host.address)];
}

/** The faults found but for lost masquerading of Docker's: there the outside sees a container by its own address. */
export function butMasquerading(found: readonly string[]): readonly string[] {
  return found.filter((line) => !/^the outside sees 172\.30\.\S+, not /.test(line));
}

function wrong(answers: readonly Reached[], source: string): readonly string[] {
  return answers.flatMap(({ target, reached, source: seen }) => {
    if (!reached) return [`${source} does not reach ${target.name}`];
    return seen === undefined || seen === source ? [] : [`${target.name} sees ${seen}, not ${source}`];
  });
}

/**
 * All of it: every direction and source address, the way outside, and that a stranger finds nothing but what it
 * found before there was a dockroute (`known`): ufw, say, lets everybody ping containers of Docker before 28.
 *
 * @param dockers false where a flush took Docker's own rules: then published ports do not answer, and packets that
 * leave the plan are not masqueraded
 */
export async function left(
  hosts: readonly Host[],
  outside: Stranger,
  { dockers = true, known = [] as readonly string[] } = {},
): Promise<readonly string[]> {
  const all = await places(hosts);
  const looks = [betweenBoxes(all), fromHosts(all), toHosts(all), ...(dockers ? [publishedPorts(all)] : [])];
  const server: Target = { name: "the outside", address: outside.address, port: 81 };
  const egress = all.map(async ({ host }) => wrong(await fromBox(host, [server]), host.address));
  const found = (await Promise.all([...looks, ...egress, strange(hosts, outside)])).flat();
  const counts = dockers ? found : butMasquerading(found);
  return counts.filter((line) => !known.includes(withoutBox(line)));
}

/** The faults found on hosts that know nothing of dockroute yet; they stay. */
export async function knownBefore(hosts: readonly Host[], outside: Stranger): Promise<readonly string[]> {
  const own = (await publishedPorts(await places(hosts))).filter((line) =>
    /^box (\S+) .* host \1,/.test(line),
  );
  const strangers: string[] = [];
  // One after the other: without a plan their containers have the same addresses.
  for (const host of hosts) strangers.push(...(await strange([host], outside)));
  return [...own, ...strangers].map(withoutBox);
}

async function strange(hosts: readonly Host[], outside: Stranger): Promise<readonly string[]> {
  const { unpublished } = await strangerFinds(hosts, outside);
  return unpublished.map((door) => `the stranger reaches ${door}`);
}

/** Containers have other addresses before. */
function withoutBox(line: string): string {
  return line.replace(/172\.\d+\.\d+\.\d+/g, "BOX");
}

export interface Time {
  readonly event: string;
  readonly host: string;
  /** From the event's end (Docker runs again, the link is up, the command has returned) until all is whole. */
  readonly seconds: number;
}

export function table(times: readonly Time[]): string {
  return times
    .map(
      ({ event, host, seconds }) =>
        `      ${event.padEnd(52)}${host.padEnd(8)}${seconds.toFixed(1).padStart(6)} s`,
    )
    .join("\n");
}

/** Asks until nothing is astray; the time is that at which the question began that was answered well. */
export async function wholeAfter(ask: () => Promise<readonly string[]>, limit: number): Promise<number> {
  const began = Date.now();
  for (;;) {
    const asked = Date.now();
    const found = await ask();
    if (found.length === 0) return (asked - began) / 1000;
    if (Date.now() - began > limit * 1000) throw new Error(`not whole after ${limit} s: ${found.join("; ")}`);
  }
}
