import type * as pulumi from "@pulumi/pulumi";
import { type Args, HostResource } from "../../provider/shells/dynamic/classes/resource.js";
import type { HostSysctlInputs } from "./sysctl.js";

/** A setting of the host's kernel has this value, now and after each boot. A delete leaves the value as it is. */
export class HostSysctl extends HostResource {
  /** The setting. */
  declare readonly setting: pulumi.Output<string>;
  /** Its value. */
  declare readonly value: pulumi.Output<string>;

  constructor(name: string, args: Args<HostSysctlInputs>, opts?: pulumi.CustomResourceOptions) {
    super("HostSysctl", name, args, opts);
  }
}
