/** sysctl: the kernel's switch for forwarding the packets of a family from one link to another. */
import { type Family, v4 } from "../plan/family.js";

export function isOn({ forwarding }: Family = v4): readonly string[] {
  return ["grep", "-q", "1", `/proc/sys/${forwarding.replaceAll(".", "/")}`];
}

export function turnOn({ forwarding }: Family = v4): readonly string[] {
  return ["sysctl", "-q", "-w", `${forwarding}=1`];
}
