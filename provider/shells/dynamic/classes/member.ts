/** The hosts of a mesh and the ways between them, from which its resources are declared. */
import type * as pulumi from "@pulumi/pulumi";
import {
  type HostSubnet,
  isLink,
  type LinkKind,
  type MeshConfig,
  type Networks,
  type Way,
} from "../../../plan/index.js";
import type { DockerBridge } from "./docker-bridge.js";
import type { HostLink } from "./host-link.js";
import type { OnHostArgs } from "./resource.js";

/** A host with the inputs of its resources. A value that a preview does not know yet is an unknown Output. */
export interface MeshMember {
  readonly name: string;
  readonly where: Pick<OnHostArgs, "endpoint" | "connection">;
  readonly interface?: pulumi.Input<string | undefined> | undefined;
  readonly address: pulumi.Output<string>;
  readonly own: pulumi.Output<HostSubnet>;
  readonly networks: pulumi.Output<Networks | undefined>;
  readonly site?: string | undefined;
  readonly publicAddress?: pulumi.Input<string | undefined>;
}

/** The config's keys that decide about the way between two hosts. */
export type Ways = Pick<MeshConfig, "between" | "link">;

export interface WithBridge extends MeshMember {
  readonly bridge: DockerBridge;
}

/** A host with all that a route to it waits for. */
export interface Ready extends WithBridge {
  /** Missing where no peer is reached by a link. */
  readonly link: HostLink | undefined;
  readonly rules: readonly pulumi.Resource[];
}

/** A host, and the way by which another one reaches it. */
export type Peer<Member> = Member & { readonly way: Way };

/** A host that another one reaches by a link. */
export type Linked<Member> = Member & { readonly way: LinkKind };

export function isLinked<Member>(peer: Peer<Member>): peer is Linked<Member> {
  return isLink(peer.way);
}
