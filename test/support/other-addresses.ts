/** Hosts whose address in the config is another one than that by which ssh gets in, and which way they send. */
import assert from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import { betweenBoxes, places } from "./mesh.js";
import type { Scene } from "./scene.js";
import { type Config, meshConfig } from "./stack.js";

/** Writes the stack's config with these addresses, by host name. */
export function writeAddresses(
  { lab, stack }: Scene,
  addressOf: (host: Host) => string,
  more: Config = {},
): void {
  const hosts = lab.hosts.map((host) => ({
    name: host.name,
    address: addressOf(host),
    connection: { host: host.address },
  }));
  stack.configure({ ...meshConfig(lab), ...more, hosts });
}

/** The last number of the host's address at the lab's switch; no other host of the lab has it. */
export function numberOf({ address }: Host): string {
  return address.split(".")[3] ?? "";
}

/** The card by which the kernel sends, from each host to the boxes of the others: "alpha to beta by eth1". */
export async function waysBetween(hosts: readonly Host[]): Promise<readonly string[]> {
  const all = await places(hosts);
  const pairs = all.flatMap((from) => all.filter((to) => to !== from).map((to) => ({ from, to })));
  return Promise.all(
    pairs.map(async ({ from, to }) => {
      const route = await from.host.run(["ip", "route", "get", to.box]);
      return `${from.host.name} to ${to.host.name} by ${/ dev (\S+)/.exec(route)?.[1]}`;
    }),
  );
}

/** Every box reaches every other box and is seen under its own address. */
export async function boxesAreJoined({ lab }: Scene): Promise<void> {
  assert.deepEqual(await betweenBoxes(await places(lab.hosts)), []);
}
