/** Stands in for your cloud's package: a machine whose addresses are not known before it is made. */
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";

interface Machine {
  readonly privateIp: string;
  readonly publicIp: string;
  /** As a cloud's console output or the key pair in your user data tells it. */
  readonly hostKey: string;
}

const provider: pulumi.dynamic.ResourceProvider = {
  async create({ name }: { readonly name: string }) {
    const stock = JSON.parse(readFileSync("stock.json", "utf8")) as Record<string, Machine>;
    const machine = stock[name];
    if (machine === undefined) throw new Error(`no machine ${name} in stock.json`);
    return { id: name, outs: { name, ...machine } };
  },
};

export class Instance extends pulumi.dynamic.Resource {
  declare readonly privateIp: pulumi.Output<string>;
  declare readonly publicIp: pulumi.Output<string>;
  declare readonly hostKey: pulumi.Output<string>;

  constructor(name: string, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { name, privateIp: undefined, publicIp: undefined, hostKey: undefined }, opts);
  }
}
