import * as pulumi from "@pulumi/pulumi";
import type { Plan } from "../../../plan/index.js";
import { providerText } from "./resource.js";

/** The inputs of a MeshCheck. */
export interface MeshCheckArgs {
  /** By host name, as `planMesh` gives it. */
  readonly plan: pulumi.Input<Plan>;
  /** Where each host is. @example { alpha: { endpoint: "root@192.168.145.128:22" } } */
  readonly hosts: pulumi.Input<
    Readonly<Record<string, pulumi.Input<{ endpoint: string; interface?: string | undefined }>>>
  >;
  /** The size of user-defined networks. @default that of docker0's block */
  readonly networkPrefix?: pulumi.Input<number | undefined>;
}

/** By the host from which and the host to which: reached or not, and why. No timings. */
export type MeshCheckResults = Readonly<
  Record<string, Readonly<Record<string, { readonly reached: boolean; readonly reason?: string }>>>
>;

/**
 * The check of `npx dockroute check` at the end of an `up` that changed something, or that follows on one with a
 * direction that was not reached. Make it depend on the resources of all hosts. A preview does not run it, and a
 * red direction is no failure of the `up`: it is a warning, and stands in `results`.
 *
 * On the hosts: nothing. Nothing replaces it.
 *
 * @example
 * ```ts
 * const check = new MeshCheck("check", { plan, hosts }, { dependsOn: mesh.resources });
 * export const reached = check.results;
 * ```
 */
export class MeshCheck extends pulumi.CustomResource {
  declare readonly results: pulumi.Output<MeshCheckResults>;

  constructor(name: string, args: MeshCheckArgs, opts: pulumi.CustomResourceOptions = {}) {
    const props = { ...args, results: undefined, __provider: providerText("MeshCheck") };
    super("pulumi-nodejs:dynamic/dockroute:MeshCheck", name, props, opts);
  }
}
