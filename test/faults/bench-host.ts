/** A host of a bench: a lab's host with a tripwire and a container beside it. */
import type { Host } from "../../lab/host.js";
import { startBox } from "../../lab/probe.js";
import { quickBox } from "../support/scene.js";
import { Tripwire } from "./tripwire.js";

/**
 * containerd makes these folders at the first boot at which it gets an inotify instance. All labs of a machine share a
 * few of those, so it may be the boot after a power cut.
 */
const containerdFolders = "install -d -m 755 /etc/cni && install -d -m 700 /etc/cni/net.d";

/** Shims before its programs, a container that answers; all before anything is compared with its pristine state. */
export async function equip(host: Host): Promise<Tripwire> {
  const tripwire = new Tripwire(host);
  await tripwire.install();
  await host.run(containerdFolders);
  await startBox(host, "box", quickBox);
  return tripwire;
}
