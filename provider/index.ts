import * as pulumi from "@pulumi/pulumi";

// A stand-in with the contract's names and types, until the resources' own classes take its place.
interface OnHost {
  readonly host: pulumi.Input<string>;
  readonly endpoint: pulumi.Input<string>;
}
type List = pulumi.Input<readonly pulumi.Input<string>[]>;

abstract class Resource extends pulumi.CustomResource {
  constructor(kind: string, name: string, args: OnHost, opts?: pulumi.CustomResourceOptions) {
    super(`pulumi-nodejs:dynamic/dockroute:${kind}`, name, { ...args }, opts);
  }
}

export class DockerBridge extends Resource {
  constructor(
    name: string,
    args: OnHost & { bip: pulumi.Input<string>; pools?: List; networkPrefix?: pulumi.Input<number> },
    opts?: pulumi.CustomResourceOptions,
  ) {
    super("DockerBridge", name, args, opts);
  }
}

export class PeerRoute extends Resource {
  constructor(
    name: string,
    args: OnHost & { peer: string; destination: string; gateway: string; interface?: string },
    opts?: pulumi.CustomResourceOptions,
  ) {
    super("PeerRoute", name, args, opts);
  }
}

export class MasqueradeRule extends Resource {
  constructor(
    name: string,
    args: OnHost & { source: string; exclude: List; interfaces?: List },
    opts?: pulumi.CustomResourceOptions,
  ) {
    super("MasqueradeRule", name, args, opts);
  }
}

export class ForwardRule extends Resource {
  constructor(
    name: string,
    args: OnHost & { destination: string; sources: List; interfaces?: List },
    opts?: pulumi.CustomResourceOptions,
  ) {
    super("ForwardRule", name, args, opts);
  }
}

export * from "./plan/index.js";
