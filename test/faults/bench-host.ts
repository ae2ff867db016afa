/** What a host of a bench has beside what a host of a lab is. */
import type { Host } from "../../lab/host.js";
import { startBox } from "../../lab/probe.js";
import { quickBox } from "../support/scene.js";
import { Tripwire } from "./tripwire.js";

/** Shims before its programs, a container that answers; all before anything is compared with its pristine state. */
export async function equip(host: Host): Promise<Tripwire> {
  const tripwire = new Tripwire(host);
  await tripwire.install();
  await startBox(host, "box", quickBox);
  return tripwire;
}
