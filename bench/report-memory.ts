/** The part of the provider's memory. */
import type { Held } from "./memory.js";
import { listed, table } from "./words.js";

export function memoryPart(figures: readonly Held[]): readonly string[] {
  const rows = figures.map(({ names, hosts, resources, peak }) => [
    ...[names, hosts, resources, peak.dockroute.toFixed(0), peak.floor.toFixed(0)],
  ]);
  const told = figures.map(({ names, peak }) => `${peak.dockroute.toFixed(0)} MiB with ${names}`);
  return [
    "## The provider's memory",
    "",
    "The most resident memory of one provider process (VmHWM, asked for every 50 ms) in a preview of a new stack, which",
    "looks at every host and checks every resource. Each real host is met under several names, over a connection for",
    "each. The floor's process is the SDK's own with nothing in it.",
    "",
    ...table(["names", "hosts", "resources", "provider, MiB", "floor's, MiB"], rows),
    "",
    `The aim is 150 MiB with 32 hosts; it is ${listed(told)}. What dockroute adds to the SDK's own process is the difference`,
    "of the two columns.",
  ];
}
