import * as pulumi from "@pulumi/pulumi";
import { pools } from "../provider/plan/index.js";
import { declareMesh as declare, type MeshMember } from "../provider/pulumi/declare.js";
import type { StackConfig } from "./config.js";

/**
 * The resources of the stack's mesh, at the stack's root. Not as a `Mesh`: a component is a resource too, and
 * every stack that is up already would have one to create.
 */
export function declareMesh({ mesh, plan, hosts }: Pick<StackConfig, "mesh" | "plan" | "hosts">): void {
  declare(
    hosts.flatMap(({ name, endpoint, interface: nic }): MeshMember[] => {
      const own = Object.hasOwn(plan, name) ? plan[name] : undefined;
      if (own === undefined) return [];
      const { address, ...part } = own;
      return [
        {
          name,
          where: { endpoint },
          interface: nic,
          address: pulumi.output(address),
          part: pulumi.output(part),
          networks: pulumi.output(pools(mesh, own)),
        },
      ];
    }),
  );
}
