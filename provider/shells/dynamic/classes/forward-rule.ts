import type * as pulumi from "@pulumi/pulumi";
import type { ForwardRuleInputs } from "../../../resources/forward/index.js";
import { type Args, HostResource } from "./resource.js";

/** The inputs of a ForwardRule, each documented at its name. */
export interface ForwardRuleArgs extends Args<ForwardRuleInputs> {}

/**
 * Packets from the `sources` may enter the `destination` on this host; nothing else is opened.
 *
 * On the host: a chain of its own in iptables' tables filter and raw, reached by a jump from DOCKER-USER and from
 * PREROUTING, and a script under /etc/dockroute/scripts that loads it at boot and after each start of Docker. Docker's
 * isolation comes first, so an internal network in the destination stays closed. While Docker's own filter keeps nobody
 * out (before its start, after a flush, with FORWARD at ACCEPT) a guard does, and spares what the administrator accepts.
 *
 * Another host, destination or ports replace it; sources and interfaces are changed in place.
 *
 * Errors: Refused (an interface that is not there), CommandFailed, NotConverged, Unreachable.
 *
 * @example
 * ```ts
 * new ForwardRule("alpha-forward", {
 *   host: "alpha",
 *   endpoint: "root@192.168.145.128:22",
 *   destination: "172.30.1.0/24",
 *   sources: ["172.30.2.0/24", "192.168.145.129/32"],
 * });
 * ```
 */
export class ForwardRule extends HostResource {
  /** The range that may be entered. */
  declare readonly destination: pulumi.Output<string>;
  /** The ranges that may enter it. */
  declare readonly sources: pulumi.Output<readonly string[]>;
  /** The interfaces, if some were named. */
  declare readonly interfaces: pulumi.Output<readonly string[] | undefined>;
  /** The ports, if it is limited to some. */
  declare readonly ports: pulumi.Output<readonly string[] | undefined>;
  /** The ranges of peers of other sites, by the device of the link. */
  declare readonly links: pulumi.Output<Readonly<Record<string, readonly string[]>> | undefined>;

  constructor(name: string, args: ForwardRuleArgs, opts?: pulumi.CustomResourceOptions) {
    super("ForwardRule", name, args, opts);
  }
}
