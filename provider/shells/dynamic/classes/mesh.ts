/** The component for programs whose hosts come from elsewhere: from a cloud, or from another stack. */
import * as pulumi from "@pulumi/pulumi";
import { type PartsConfig, type Plan, PlanError, planMesh, planParts, pools } from "../../../plan/index.js";
import { declareMesh, type MeshMember } from "./declare.js";
import { previousPlan } from "./previous.js";
import { type ConnectionArgs, endpointFrom } from "./resource.js";
import { runError } from "./run-error.js";

/** A host of a Mesh. */
export interface MeshHostArgs {
  /** Its name in the plan, and the first word of its resources' names. @example "alpha" */
  readonly name: string;
  /** What peers route to; may be an Output that a preview does not know yet. @example instance.privateIp */
  readonly address: pulumi.Input<string>;
  /** A pin of its part. @default chosen, and kept from then on @example "172.30.1.0/24" */
  readonly subnet?: pulumi.Input<string | undefined>;
  /** @default found on the host @example "eth0" */
  readonly interface?: pulumi.Input<string | undefined>;
  /** How ssh gets in, as for @pulumi/command. Secrets in it are kept in the state, encrypted. */
  readonly connection?: pulumi.Input<ConnectionArgs>;
  /** Where ssh gets in, `user@host:port`. @default made from `connection`, else root at `address` */
  readonly endpoint?: pulumi.Input<string>;
}

/** Where a host of a Mesh is, without a login. */
export type MeshHostLocation = pulumi.Output<{ endpoint: string; interface?: string | undefined }>;

/** The inputs of a Mesh: those of a stack's config, without `connection` and `leaving`. */
export interface MeshArgs {
  /** The plan's range. @example "172.30.0.0/16" */
  readonly pool: pulumi.Input<string>;
  /** The size of a host's part. @default 24 */
  readonly hostPrefix?: pulumi.Input<number | undefined>;
  /** docker0 takes the part's first block of this size. @default 24 where the part is larger than a /24, else the whole part */
  readonly bridgePrefix?: pulumi.Input<number | undefined>;
  /** The size of each user-defined network. @default 24, or bridgePrefix where no /24 fits beside docker0's block */
  readonly networkPrefix?: pulumi.Input<number | undefined>;
  readonly hosts: readonly MeshHostArgs[];
  /** The last plan, to which hosts keep. @default the stack's output `plan`: export it, or pin every host */
  readonly previous?: pulumi.Input<Plan | undefined>;
}

/**
 * Direct routes between the containers of these hosts: the plan, and on each host its bridge, its rules and a
 * route to every peer. Who gets which part does not hang on the addresses, so a preview shows the parts also
 * of machines that are not there yet.
 *
 * The program has to export the plan under the name `plan`: the next run reads it and moves no host.
 *
 * Names, types and inputs of its resources are those of `stacks/`, and each has its place without a Mesh as an
 * alias: a program that declared them itself takes them over, and nothing is replaced.
 *
 * Errors: a RunError with every fault of the plan at once; else those of the four resources.
 *
 * @example
 * ```ts
 * const mesh = new Mesh("mesh", {
 *   pool: "172.30.0.0/16",
 *   hosts: instances.map((instance, at) => ({ name: `node-${at}`, address: instance.privateIp })),
 * });
 * export const plan = mesh.plan;
 * ```
 */
export class Mesh extends pulumi.ComponentResource {
  /** By host name `{ address, subnet, bridgeAddress }`. */
  readonly plan: pulumi.Output<Plan>;
  /** The resources of all hosts, to wait for them: `dependsOn: mesh.resources`. */
  readonly resources: readonly pulumi.Resource[];
  /** Where each host is, and by which connection it is reached: what a MeshCheck needs. */
  readonly hosts: Readonly<Record<string, MeshHostLocation>>;
  readonly connections: Readonly<Record<string, pulumi.Input<ConnectionArgs>>>;

  constructor(name: string, args: MeshArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dockroute:index:Mesh", name, {}, opts);
    const { hosts, pool, hostPrefix, bridgePrefix, networkPrefix } = args;
    const last = args.previous === undefined ? previousPlan() : args.previous;
    const named = hosts.map((host) => ({ name: host.name, subnet: host.subnet }));
    const shape = pulumi
      .output({ mesh: { pool, hostPrefix, bridgePrefix, networkPrefix, hosts: named }, last })
      .apply(({ mesh, last: previous }) => {
        const config = withoutUndefined(mesh);
        return { config, previous, parts: planned(() => planParts(config, previous)) };
      });
    const addresses = hosts.map(({ address }) => pulumi.output(address));
    this.plan = pulumi.all([shape, pulumi.all(addresses)]).apply(([{ config, previous }, known]) => {
      const whole = config.hosts.map((host, at) => ({ ...host, address: known[at] ?? "" }));
      return planned(() => planMesh({ ...config, hosts: whole }, previous));
    });
    const members = hosts.map((host, at): MeshMember => {
      const part = shape.apply(({ parts }) => partOf(parts, host.name));
      // Where it is known, the address counts only once the whole plan was found good.
      const address = pulumi
        .all([addresses[at] ?? "", this.plan])
        .apply(([own, plan]) => plan[host.name]?.address ?? own);
      const networks = pulumi.all([shape, part]).apply(([{ config }, own]) => pools(config, own));
      return { name: host.name, interface: host.interface, address, part, networks, where: whereIs(host) };
    });
    this.hosts = Object.fromEntries(hosts.map((host) => [host.name, locationOf(host)]));
    this.connections = Object.fromEntries(
      hosts.flatMap(({ name: host, connection }) => (connection === undefined ? [] : [[host, connection]])),
    );
    const options = { parent: this, aliases: [{ parent: pulumi.rootStackResource }] };
    this.resources = declareMesh(members, options);
    this.registerOutputs({ plan: this.plan });
  }
}

function whereIs({ address, connection, endpoint }: MeshHostArgs): MeshMember["where"] {
  if (connection === undefined) return { endpoint: endpoint ?? pulumi.interpolate`root@${address}:22` };
  return { connection, ...(endpoint === undefined ? {} : { endpoint }) };
}

function locationOf({ name, address, connection, endpoint, interface: nic }: MeshHostArgs): MeshHostLocation {
  const byDefault =
    connection === undefined ? pulumi.interpolate`root@${address}:22` : endpointFrom(name, connection);
  const location = { endpoint: endpoint ?? byDefault, interface: nic };
  return pulumi.output(location);
}

function partOf<T>(parts: Readonly<Record<string, T>>, name: string): T {
  const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
  if (part === undefined) throw runError(`the host ${JSON.stringify(name)} has no part`);
  return part;
}

/** A RunError, because the CLI prints its message alone. */
function planned<T>(plan: () => T): T {
  try {
    return plan();
  } catch (error) {
    throw error instanceof PlanError ? runError(error.message) : error;
  }
}

interface Unwrapped {
  readonly pool: string;
  readonly hosts: readonly { readonly name: string; readonly subnet?: string | undefined }[];
  readonly hostPrefix?: number | undefined;
  readonly bridgePrefix?: number | undefined;
  readonly networkPrefix?: number | undefined;
}

function withoutUndefined({ pool, hosts, ...prefixes }: Unwrapped): PartsConfig {
  const given = Object.entries(prefixes).filter(([, value]) => value !== undefined);
  return {
    pool,
    ...Object.fromEntries(given),
    hosts: hosts.map(({ name, subnet }) => (subnet === undefined ? { name } : { name, subnet })),
  };
}
