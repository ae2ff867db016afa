import type * as pulumi from "@pulumi/pulumi";
import type { DockerBridgeInputs } from "../../../resources/bridge/index.js";
import { type Args, HostResource } from "./resource.js";

/** The inputs of a DockerBridge, each documented at its name. */
export interface DockerBridgeArgs extends Args<DockerBridgeInputs> {}

/**
 * Docker's default bridge on a host, docker0, has the address `bip`, and networks that Docker makes get theirs
 * from the `pools`.
 *
 * On the host: the keys `bip` and `default-address-pools` of /etc/docker/daemon.json, and one restart of Docker
 * for each new value, because a reload ignores them. Running containers stop for it; those with the restart
 * policy `always` or `unless-stopped` come back by themselves, and preview names both sorts. `destroy`, and an `up`
 * that takes the host out, bring back the old address and the old file, which takes a restart too, and take along
 * routes and rules of a run that was killed before the state knew of them.
 *
 * Nothing replaces it but another host: all inputs are changed in place.
 *
 * Errors: Refused (the range covers what the host is reached by, or another network of it; daemon.json is not
 * plain JSON), NotReady (no Docker answers), Unhealthy and CommandFailed (the host has gone back to the old file
 * by itself), RolloutStopped (another host failed at its restart), Unreachable.
 *
 * @example
 * ```ts
 * new DockerBridge("alpha-bridge", { host: "alpha", endpoint: "root@192.168.145.128:22", bip: "172.30.1.1/24" });
 * ```
 */
export class DockerBridge extends HostResource {
  /** docker0's address with its network. */
  declare readonly bip: pulumi.Output<string>;
  /** The ranges that Docker's networks are cut from. */
  declare readonly pools: pulumi.Output<readonly string[] | undefined>;
  /** The size of each of those networks. */
  declare readonly networkPrefix: pulumi.Output<number | undefined>;
  /** The host's Docker at the last `up`: "28.5.2", or "29.0.0, nftables". The preview names a change of it. */
  declare readonly docker: pulumi.Output<string | undefined>;
  /** The findings of the first change; `destroy` brings them back. */
  declare readonly before: pulumi.Output<unknown>;

  constructor(name: string, args: DockerBridgeArgs, opts?: pulumi.CustomResourceOptions) {
    super("DockerBridge", name, { ...args, docker: undefined } as DockerBridgeArgs, opts);
  }
}
