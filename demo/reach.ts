/** From each container to each other one: the container that answered, its time, and the source that it saw. */
import type { Host } from "../lab/host.js";
import { boxAddress, fromBox, unpublishedPort } from "../lab/probe.js";
import { type Cell, table } from "./table.js";

export interface Direction {
  readonly from: string;
  readonly fromAddress: string;
  readonly to: string;
  readonly toAddress: string;
  /** The host whose container answered at that address; undefined where nobody did. */
  readonly answeredBy?: string;
  /** Milliseconds. */
  readonly roundTrip?: number;
  /** The address that the other side saw. */
  readonly seenAs?: string;
}

/** Containers are named after their hosts: two hosts may well give the same address to their own. */
export const boxNamed = (host: string): readonly string[] => ["--hostname", host];

export async function directions(hosts: readonly Host[]): Promise<readonly Direction[]> {
  const boxes = await Promise.all(hosts.map(async (host) => ({ host, address: await boxAddress(host) })));
  const rows = await Promise.all(
    boxes.map(async (from) => {
      const others = boxes.filter(({ host }) => host.name !== from.host.name);
      return Promise.all(others.map((to) => ask(from, to)));
    }),
  );
  return rows.flat();
}

interface Box {
  readonly host: Host;
  readonly address: string;
}

async function ask(from: Box, to: Box): Promise<Direction> {
  const names = { from: from.host.name, to: to.host.name };
  const addresses = { fromAddress: from.address, toAddress: to.address };
  const request = `printf 'GET /cgi-bin/name HTTP/1.0\\r\\n\\r\\n' | timeout 2 busybox nc ${to.address} ${unpublishedPort}`;
  const { stdout } = await from.host.exec(["docker", "exec", "box", "sh", "-c", request]);
  const [, answeredBy, seenAs] = /^(\S+) \[?(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)\]?\s*$/m.exec(stdout) ?? [];
  if (answeredBy === undefined || seenAs === undefined) return { ...names, ...addresses };
  // The least of three: the first one may have to ask for the neighbour's address.
  const target = { name: to.host.name, address: to.address };
  const times = [];
  for (let at = 0; at < 3; at++) times.push(...(await fromBox(from.host, [target])));
  const known = times.flatMap(({ roundTrip }) => roundTrip ?? []);
  const fastest = known.length === 0 ? {} : { roundTrip: Math.min(...known) };
  return { ...names, ...addresses, answeredBy, seenAs, ...fastest };
}

/** By who answered: an address alone may be somebody else's. */
export const reached = ({ to, answeredBy }: Direction): boolean => answeredBy === to;

/** Reached, and seen there under the container's own address. */
export const whole = (one: Direction): boolean => reached(one) && one.seenAs === one.fromAddress;

export function directionsTable(all: readonly Direction[], colour?: boolean): string {
  const heads = [
    "container on",
    "its address",
    "to the one on",
    "its address",
    "reached",
    "round trip",
    "seen there as",
  ];
  return table(heads, all.map(row), colour);
}

function row(one: Direction): readonly Cell[] {
  const ends = [one.from, one.fromAddress, one.to, one.toAddress].map((text) => ({ text }));
  if (!reached(one)) {
    const who = one.answeredBy === undefined ? "nobody answers" : `${one.answeredBy} itself answers`;
    return [
      ...ends,
      { text: "no", tone: "bad" },
      { text: "-", tone: "faint" },
      { text: `- (${who})`, tone: "faint" },
    ];
  }
  const seen = one.seenAs ?? "";
  return [
    ...ends,
    { text: "yes", tone: "good" },
    { text: one.roundTrip === undefined ? "-" : `${one.roundTrip.toFixed(2)} ms` },
    whole(one) ? { text: seen, tone: "good" } : { text: `${seen} (not its own)`, tone: "bad" },
  ];
}
