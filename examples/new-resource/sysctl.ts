/**
 * HostSysctl: a setting of the kernel has this value, now and after each boot.
 *
 * It is one line of /proc/sys, and a script under /etc/dockroute/scripts that sets it again. What was there before is
 * not known any more once it is removed, so a delete leaves the value as it is and takes the script alone.
 */
import { z } from "zod";
import * as boot from "../../provider/boot/script.js";
import { state } from "../../provider/engine/claim.js";
import { factFor, type Seen } from "../../provider/engine/fact.js";
import type { Kind, OnHost, Remembered } from "../../provider/engine/kind.js";
import { onHost, read } from "../../provider/resources/host/inputs.js";

export interface HostSysctlInputs extends OnHost {
  /** The setting. Another one replaces the resource. @example "net.ipv4.conf.all.arp_filter" */
  readonly setting: string;
  /** Its value, as `sysctl -n` prints it. @example "1" */
  readonly value: string;
}

const schema = z.strictObject({
  ...onHost,
  setting: z.string().regex(/^[a-z0-9_]+(\.[A-Za-z0-9_-]+)+$/),
  value: z.string().regex(/^\d+$/),
});

const facts = {
  now: factFor(
    ({ setting }: Pick<HostSysctlInputs, "setting">) => [
      { why: `read ${setting}`, argv: ["sysctl", "-n", setting] },
    ],
    ([answer]) => (answer?.code === 0 ? answer.stdout.trim() : undefined),
  ),
  scripts: boot.scripts,
};

export const hostSysctl: Kind<HostSysctlInputs, typeof facts> = {
  changes: { setting: "replace", value: "update" },
  id: ({ host, setting }) => `${host}/sysctl/${setting}`,
  check: (raw) => read(schema, raw),
  facts,

  claims: (wanted, seen) => [
    {
      what: wanted.setting,
      is: state(seen.now === wanted.value, seen.now !== undefined),
      shown: true,
      // The value is nobody's: removing the resource does not touch it.
      notOurs: "shared",
      make: [boot.load(scriptOf(wanted), `set ${wanted.setting} to ${wanted.value}`)],
      remove: [],
    },
    ...boot.keptAtBoot(scriptOf(wanted), seen.scripts),
  ],

  observed: (_, { now }) => (now === undefined ? {} : { value: now }),

  judge: ({ setting }, { now }: Seen<typeof facts>) =>
    now === undefined ? { refuse: [{ property: "setting", reason: `this kernel has no ${setting}` }] } : {},
};

function scriptOf(wanted: HostSysctlInputs & Remembered): boot.Script {
  return {
    ...{ kind: "host", subject: wanted.setting, holder: { ...wanted, id: hostSysctl.id(wanted) } },
    about: `${wanted.setting} is ${wanted.value}.`,
    lines: [{ argv: ["sysctl", "-q", "-w", `${wanted.setting}=${wanted.value}`] }],
  };
}
