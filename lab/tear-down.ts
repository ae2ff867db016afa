import { stopDhcp } from "./dhcp.js";
import { removeDisk } from "./disk.js";
import { cutPower } from "./machine.js";
import { removeNetwork } from "./network.js";
import { removeTree } from "./run.js";
import { forgetState, readState } from "./state.js";

/**
 * Takes a lab away, whatever state its maker left it in: everything is found by the note that was written
 * before it was made, and each step is content where its thing is gone already.
 */
export async function tearDown(prefix: string): Promise<void> {
  const lab = readState(prefix);
  if (lab === undefined) return;
  await Promise.all(lab.hosts.map((host) => cutPower(lab, host)));
  await stopDhcp(lab);
  await removeNetwork(lab);
  for (const host of lab.hosts) await removeDisk(lab, host);
  await removeTree(lab.folder);
  forgetState(prefix);
}
