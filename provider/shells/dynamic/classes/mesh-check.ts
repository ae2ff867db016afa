import * as pulumi from "@pulumi/pulumi";
import type { Plan } from "../../../plan/index.js";
import { type ConnectionArgs, checkedConnection, providerText } from "./resource.js";

/** The place of a host of a MeshCheck. */
export interface MeshCheckHost {
  /** The address that ssh calls, `user@host:port`. @example "root@192.168.145.128:22" */
  readonly endpoint: string;
  /** The link to the peers. @default found on the host @example "eth0" */
  readonly interface?: string | undefined;
}

/** The inputs of a MeshCheck. */
export interface MeshCheckArgs {
  /** By host name, as `planMesh` gives it. */
  readonly plan: pulumi.Input<Plan>;
  /** The endpoint of each host, and its interface. @example { alpha: { endpoint: "root@192.168.145.128:22" } } */
  readonly hosts: pulumi.Input<Readonly<Record<string, pulumi.Input<MeshCheckHost>>>>;
  /** The size of user-defined networks. @default that of docker0's block */
  readonly networkPrefix?: pulumi.Input<number | undefined>;
  /** The login by ssh, by host name. Secrets in it are kept in the state, encrypted. @default that of the config */
  readonly connections?: Readonly<Record<string, pulumi.Input<ConnectionArgs>>>;
}

/** By the host from which and the host to which: reached or not, and why. No timings. */
export type MeshCheckResults = Readonly<
  Record<string, Readonly<Record<string, { readonly reached: boolean; readonly reason?: string }>>>
>;

/**
 * `npx dockroute check` at the end of an `up` that changed something, or that follows one with a red direction.
 * Make it depend on the resources of all hosts. A preview does not run it. A red direction does not fail the `up`:
 * it is a warning, and stands in `results`.
 *
 * On the hosts: nothing. Nothing replaces it.
 *
 * @example
 * ```ts
 * const check = new MeshCheck("check", { plan, hosts }, { dependsOn: mesh.resources });
 * // With a Mesh, which knows the endpoints of its hosts and the logins to them:
 * const { plan, hosts, connections, resources } = mesh;
 * const check = new MeshCheck("check", { plan, hosts, connections }, { dependsOn: [...resources] });
 * export const reached = check.results;
 * ```
 */
export class MeshCheck extends pulumi.CustomResource {
  /** By the host from which and the host to which: reached or not, and why. */
  declare readonly results: pulumi.Output<MeshCheckResults>;

  constructor(name: string, args: MeshCheckArgs, opts: pulumi.CustomResourceOptions = {}) {
    const { plan, hosts, networkPrefix, connections } = args;
    const logins = Object.entries(connections ?? {}).map(([host, connection]) => [
      host,
      checkedConnection(`${name}: connections.${host}`, connection),
    ]);
    const props = {
      ...{ plan, hosts, networkPrefix },
      ...(logins.length === 0 ? {} : { connections: Object.fromEntries(logins) }),
      results: undefined,
      __provider: providerText("MeshCheck"),
    };
    const secretOutputs = [...(opts.additionalSecretOutputs ?? []), "connections"];
    super("pulumi-nodejs:dynamic/dockroute:MeshCheck", name, props, {
      ...opts,
      additionalSecretOutputs: secretOutputs,
    });
  }
}
