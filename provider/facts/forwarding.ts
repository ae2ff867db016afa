/** sysctl: the kernel's switch for forwarding the packets of a family from one link to another. */
import { quote, type ShellText } from "../engine/command.js";
import { type Family, v4 } from "../plan/family.js";

export function isOn(family: Family = v4): readonly string[] {
  return ["grep", "-q", "1", fileOf(family)];
}

export function turnOn({ forwarding }: Family = v4): readonly string[] {
  return ["sysctl", "-q", "-w", `${forwarding}=1`];
}

/** A script turns it on if it is off while the host answers yes to `when`. */
export function keepOn(when: readonly string[], family: Family = v4): ShellText {
  const lines = [
    // A shell reads byte by byte, and the kernel gives such a file's first read alone: the line has no end.
    `read -r forwards <${fileOf(family)} || :`,
    `[ "$forwards" = 1 ] || ! ${quote(when)} || ${quote(turnOn(family))}`,
  ];
  return { shell: lines.join("\n") };
}

function fileOf({ forwarding }: Family): string {
  return `/proc/sys/${forwarding.replaceAll(".", "/")}`;
}
