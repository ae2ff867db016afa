import type * as pulumi from "@pulumi/pulumi";
import type { MasqueradeRuleInputs } from "../../../resources/masquerade/index.js";
import { type Args, HostResource } from "./resource.js";

/** The inputs of a MasqueradeRule, each documented at its name. */
export interface MasqueradeRuleArgs extends Args<MasqueradeRuleInputs> {}

/**
 * Traffic from `source` to the ranges in `exclude` leaves the host with its own address. Other traffic that leaves the
 * host is left to Docker's and the host's own rules: their masquerading, another SNAT, `host_ipv4` or `ip-masq` go on as
 * they are. With `masquerade` a rule of dockroute's own masquerades it, for hosts whose Docker runs with
 * `"ip-masq": false`.
 *
 * On the host: a nat chain in dockroute's own nft table `ip dockroute`, before Docker's own (in iptables' nat table if
 * there is no `nft`), and a script under /etc/dockroute/scripts that loads it at boot and after each start of Docker.
 *
 * Another host or source replaces it; exclude, interfaces and masquerade are changed in place.
 *
 * Errors: Refused (an interface that is not there), CommandFailed, NotConverged, Unreachable.
 *
 * @example
 * ```ts
 * new MasqueradeRule("alpha-masquerade", {
 *   host: "alpha",
 *   endpoint: "root@192.168.145.128:22",
 *   source: "172.30.1.0/24",
 *   exclude: ["172.30.2.0/24", "172.30.3.0/24"],
 * });
 * ```
 */
export class MasqueradeRule extends HostResource {
  /** The range whose traffic this is about. */
  declare readonly source: pulumi.Output<string>;
  /** Ranges towards which it keeps its own address. */
  declare readonly exclude: pulumi.Output<readonly string[]>;
  /** The interfaces, if some were named. */
  declare readonly interfaces: pulumi.Output<readonly string[] | undefined>;
  /** True if dockroute masquerades the traffic from the source to any other range. */
  declare readonly masquerade: pulumi.Output<boolean | undefined>;
  /** The ranges of peers of other sites, by the device of the link. */
  declare readonly links: pulumi.Output<Readonly<Record<string, readonly string[]>> | undefined>;

  constructor(name: string, args: MasqueradeRuleArgs, opts?: pulumi.CustomResourceOptions) {
    super("MasqueradeRule", name, args, opts);
  }
}
