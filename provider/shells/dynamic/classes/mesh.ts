/** The component for programs that get their hosts from a cloud or from another stack. */
import * as pulumi from "@pulumi/pulumi";
import {
  type Between,
  type HostSubnet,
  type LinkSettings,
  type PartialMesh,
  type Plan,
  PlanError,
  planMesh,
  planSubnets,
  pools,
} from "../../../plan/index.js";
import { declareMesh, type RoutesMode } from "./declare.js";
import type { MeshMember } from "./member.js";
import { previousPlan } from "./previous.js";
import { type ConnectionArgs, endpointFrom } from "./resource.js";
import { runError } from "./run-error.js";

/** A host of a Mesh. */
export interface MeshHostArgs {
  /** Its name in the plan, and the first word of its resources' names. @example "alpha" */
  readonly name: string;
  /** The address that peers route to; may be an Output that a preview does not know yet. @example instance.privateIp */
  readonly address: pulumi.Input<string>;
  /** A pin of the host's subnet. @default chosen, and kept from then on @example "172.30.1.0/24" */
  readonly subnet?: pulumi.Input<string | undefined>;
  /** The layer-2 network that it is on; hosts of one site reach each other by direct routes. @default all are on one @example "fra" */
  readonly site?: string;
  /** The address that hosts of other sites send to, or "none" behind NAT. @default `address` @example instance.publicIp */
  readonly publicAddress?: pulumi.Input<string | undefined>;
  /** @default found on the host @example "eth0" */
  readonly interface?: pulumi.Input<string | undefined>;
  /** The login by ssh, as for @pulumi/command. Secrets in it are kept in the state, encrypted. */
  readonly connection?: pulumi.Input<ConnectionArgs>;
  /** The endpoint of the login, `user@host:port`. @default made from `connection`, else root at `address` */
  readonly endpoint?: pulumi.Input<string>;
}

/** The endpoint of a host of a Mesh and its interface, without a login. */
export type MeshHostLocation = pulumi.Output<{ endpoint: string; interface?: string | undefined }>;

/** The inputs of a Mesh: those of a stack's config, without `connection` and `leaving`. */
export interface MeshArgs {
  /** The range that all hosts' subnets are taken from. @example "172.30.0.0/16" */
  readonly pool: pulumi.Input<string>;
  /** The size of a host's subnet. @default 24 */
  readonly hostPrefix?: pulumi.Input<number | undefined>;
  /** docker0 takes the first block of this size in its host's subnet. @default 24 where the subnet is larger than a /24, else the whole subnet */
  readonly bridgePrefix?: pulumi.Input<number | undefined>;
  /** The size of each user-defined network. @default 24, or bridgePrefix where no /24 fits beside docker0's block */
  readonly networkPrefix?: pulumi.Input<number | undefined>;
  readonly hosts: readonly MeshHostArgs[];
  /** The way between hosts of different sites: wireguard, vxlan, routed or refuse. @default "refuse" */
  readonly between?: Between;
  /** Port, MTU and keepalive of the links. @default those of the kind @example { mtu: 1320 } */
  readonly link?: LinkSettings;
  /** One PeerRoute for each peer of each host, or one PeerRoutes a host, for large meshes. @default "pair" */
  readonly routes?: RoutesMode;
  /** The last plan, whose subnets the hosts keep. @default the stack's output `plan`: export it, or pin every host */
  readonly previous?: pulumi.Input<Plan | undefined>;
}

/**
 * Direct routes between the containers of these hosts: the plan, and on each host its bridge, its rules and a
 * route to every peer. A preview shows the subnets of machines that are not made yet. Only where a host left the plan
 * and a new one has an unknown address, the new host's subnet is unknown too: it may be the same machine renamed.
 *
 * The program must export the plan under the name `plan`: the next run reads it and moves no host.
 *
 * Its resources have the names, types and inputs of those of `stacks/`, and each has its place without a Mesh as an
 * alias. So a program that declared the resources itself takes them over, and nothing is replaced.
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
  /** The endpoint of each host, and the connection by which it is reached, as a MeshCheck needs them. */
  readonly hosts: Readonly<Record<string, MeshHostLocation>>;
  readonly connections: Readonly<Record<string, pulumi.Input<ConnectionArgs>>>;

  constructor(name: string, args: MeshArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dockroute:index:Mesh", name, {}, opts);
    const { hosts, pool, hostPrefix, bridgePrefix, networkPrefix } = args;
    const ways = {
      ...(args.between === undefined ? {} : { between: args.between }),
      ...(args.link === undefined ? {} : { link: args.link }),
    };
    const last = args.previous === undefined ? previousPlan() : args.previous;
    const named = hosts.map(({ name, subnet, site }) => ({ name, subnet, site }));
    const shape = pulumi
      .output({ mesh: { pool, hostPrefix, bridgePrefix, networkPrefix, hosts: named }, last })
      .apply(({ mesh, last: previous }) => {
        const config = { ...withoutUndefined(mesh), ...ways };
        return { config, previous, subnets: planned(() => planSubnets(config, previous)) };
      });
    const addresses = hosts.map(({ address }) => pulumi.output(address));
    const known = pulumi.all(
      hosts.map(({ address, publicAddress }) => pulumi.all({ address, publicAddress })),
    );
    this.plan = pulumi.all([shape, known]).apply(([{ config, previous }, ends]) => {
      const whole = config.hosts.map((host, at) => ({ ...host, ...endIn(ends[at]) }));
      return planned(() => planMesh({ ...config, hosts: whole }, previous));
    });
    const members = hosts.map((host, at): MeshMember => {
      const own = shape.apply(({ subnets }) =>
        Object.hasOwn(subnets, host.name)
          ? pulumi.output(subnetOf(subnets, host.name))
          : this.plan.apply((plan) => subnetOf(plan, host.name)),
      );
      // A known address is used only after the whole plan was checked.
      const address = pulumi
        .all([addresses[at] ?? "", this.plan])
        .apply(([own, plan]) => plan[host.name]?.address ?? own);
      const networks = pulumi.all([shape, own]).apply(([{ config }, known]) => pools(config, known));
      const { interface: nic, site, publicAddress } = host;
      return {
        name: host.name,
        interface: nic,
        site,
        publicAddress,
        address,
        own,
        networks,
        where: whereIs(host),
      };
    });
    this.hosts = Object.fromEntries(hosts.map((host) => [host.name, locationOf(host)]));
    this.connections = Object.fromEntries(
      hosts.flatMap(({ name: host, connection }) => (connection === undefined ? [] : [[host, connection]])),
    );
    const options = { parent: this, aliases: [{ parent: pulumi.rootStackResource }] };
    this.resources = declareMesh(members, { routes: args.routes, ways }, options);
    this.registerOutputs({ plan: this.plan });
  }
}

function endIn({ address, publicAddress }: { address?: string; publicAddress?: string | undefined } = {}) {
  return { address: address ?? "", ...(publicAddress === undefined ? {} : { publicAddress }) };
}

function whereIs({ address, connection, endpoint }: MeshHostArgs): MeshMember["where"] {
  if (connection === undefined) return { endpoint: endpoint ?? pulumi.interpolate`root@${address}:22` };
  return { connection, endpoint: endpoint ?? endpointFrom(connection) };
}

function locationOf({ address, connection, endpoint, interface: nic }: MeshHostArgs): MeshHostLocation {
  const byDefault =
    connection === undefined ? pulumi.interpolate`root@${address}:22` : endpointFrom(connection);
  const location = { endpoint: endpoint ?? byDefault, interface: nic };
  return pulumi.output(location);
}

function subnetOf(hosts: Readonly<Record<string, HostSubnet>>, name: string): HostSubnet {
  const own = Object.hasOwn(hosts, name) ? hosts[name] : undefined;
  if (own === undefined) throw runError(`the host ${JSON.stringify(name)} has no subnet`);
  return { subnet: own.subnet, bridgeAddress: own.bridgeAddress };
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
  readonly hosts: readonly {
    readonly name: string;
    readonly subnet?: string | undefined;
    readonly site?: string | undefined;
  }[];
  readonly hostPrefix?: number | undefined;
  readonly bridgePrefix?: number | undefined;
  readonly networkPrefix?: number | undefined;
}

function withoutUndefined({ pool, hosts, ...prefixes }: Unwrapped): PartialMesh {
  const given = Object.entries(prefixes).filter(([, value]) => value !== undefined);
  return {
    pool,
    ...Object.fromEntries(given),
    hosts: hosts.map(({ name, subnet, site }) => ({
      name,
      ...(subnet === undefined ? {} : { subnet }),
      ...(site === undefined ? {} : { site }),
    })),
  };
}
