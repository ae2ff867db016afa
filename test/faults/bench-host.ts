/** What a host of a bench has beside what a host of a lab is. */
import type { Host } from "../../lab/host.js";
import { startBox } from "../../lab/probe.js";
import { quickBox } from "../support/scene.js";
import { Tripwire } from "./tripwire.js";

/**
 * systemd runs its generators at each daemon-reload. None of them makes a unit that a container has or dockroute
 * knows, and without them a reload takes a third less.
 */
const noGenerators =
  "mkdir -p /etc/systemd/system-generators; cd /etc/systemd/system-generators; " +
  'for path in /lib/systemd/system-generators/*; do ln -sf /dev/null "$(basename "$path")"; done';

/** Shims before its programs, a container that answers; all before anything is compared with its pristine state. */
export async function equip(host: Host): Promise<Tripwire> {
  const tripwire = new Tripwire(host);
  await tripwire.install();
  await host.run(noGenerators);
  await startBox(host, "box", quickBox);
  return tripwire;
}
