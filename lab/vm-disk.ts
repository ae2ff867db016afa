/** The disk of a host with a kernel of its own, and what of its cable it finds there. */
import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { foldersOf } from "./disk.js";
import { cardLines } from "./network.js";
import { run } from "./run.js";
import type { HostState, LabState } from "./state.js";

export interface VmFiles {
  /** The disk that the host writes; the file system of its first boot lies below it. */
  readonly disk: string;
  readonly base: string;
  /** Of its guest agent, and of QEMU's monitor. */
  readonly agent: string;
  readonly monitor: string;
}

export function vmFilesOf(lab: LabState, host: HostState): VmFiles {
  const { own } = foldersOf(lab, host);
  return {
    disk: join(own, "disk.qcow2"),
    base: join(own, "base.img"),
    agent: join(own, "agent.sock"),
    monitor: join(own, "monitor.sock"),
  };
}

/**
 * From the host's folder as it was personalised, without a mount. Writes go to a second file in QEMU's own format:
 * those that the machine has not flushed are lost when QEMU is killed, as in the cache of a real disk.
 */
export async function makeVmDisk(lab: LabState, host: HostState): Promise<void> {
  const { disk, base } = vmFilesOf(lab, host);
  if (existsSync(disk)) return;
  const half = `${base}.new`;
  await run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", foldersOf(lab, host).root, half, "6G"]);
  renameSync(half, base);
  await run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", base, disk]);
}

/** As the lab lays the cable of other hosts before they boot; here the kernel is there first. */
export function cableFiles(lab: LabState, host: HostState): Readonly<Record<string, string>> {
  const device = `sys-subsystem-net-devices-${host.interface}.device`;
  const unit = [
    "[Unit]\nDescription=Addresses of the cards (lab)\nDefaultDependencies=no",
    `Requires=${device}\nAfter=${device}`,
    "Wants=network-pre.target\nBefore=network-pre.target sysinit.target\n",
    "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/ip -batch /etc/lab-cable\n",
  ].join("\n");
  const lines = cardLines(lab, host);
  return {
    "etc/systemd/network/10-lab.link": `[Match]\nMACAddress=${host.mac}\n\n[Link]\nName=${host.interface}\n`,
    ...(lines.length === 0
      ? {}
      : {
          "etc/lab-cable": `${lines.join("\n")}\n`,
          "etc/systemd/system/lab-cable.service": unit,
          // As `systemctl enable` would leave it, but for the link.
          "etc/systemd/system/sysinit.target.d/lab-cable.conf": "[Unit]\nWants=lab-cable.service\n",
        }),
  };
}
