import type * as pulumi from "@pulumi/pulumi";
import type { MasqueradeRuleInputs } from "../../../resources/masquerade/index.js";
import { type Args, HostResource } from "./resource.js";

/** The inputs of a MasqueradeRule, each documented at its name. */
export interface MasqueradeRuleArgs extends Args<MasqueradeRuleInputs> {}

/**
 * Traffic from `source` to the ranges in `exclude` leaves the host with its own address; all else from it that
 * leaves the host is masqueraded.
 *
 * On the host: a nat chain in dockroute's own nft table `ip dockroute`, before Docker's own (in iptables' nat
 * table where there is no `nft`), and a script under /etc/dockroute/parts that loads it at boot and after each start of Docker.
 *
 * Another host or source replaces it; exclude and interfaces are changed in place.
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
  /** The host's name. */
  declare readonly host: pulumi.Output<string>;
  /** Where ssh reaches it, `user@host:port`. */
  declare readonly endpoint: pulumi.Output<string>;
  /** The range whose traffic this is about. */
  declare readonly source: pulumi.Output<string>;
  /** Ranges towards which it keeps its own address. */
  declare readonly exclude: pulumi.Output<readonly string[]>;
  /** The interfaces, where some were asked for. */
  declare readonly interfaces: pulumi.Output<readonly string[] | undefined>;

  constructor(name: string, args: MasqueradeRuleArgs, opts?: pulumi.CustomResourceOptions) {
    super("MasqueradeRule", name, args, opts);
  }
}
