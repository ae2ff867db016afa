import * as pulumi from "@pulumi/pulumi";
import { pools } from "../provider/plan/index.js";
import { declareMesh as declare, type MeshMember } from "../provider/shells/dynamic/classes/declare.js";
import { MeshCheck } from "../provider/shells/dynamic/classes/mesh-check.js";
import type { StackConfig } from "./config.js";

type Declared = Pick<StackConfig, "mesh" | "plan" | "hosts">;

/**
 * The resources of the stack's mesh, at the stack's root. Not as a `Mesh`: a component is a resource too, and
 * every stack that is up already would have one to create.
 */
export function declareMesh({ mesh, plan, hosts }: Declared): readonly pulumi.Resource[] {
  return declare(
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

/** The check of every direction, after all of them. */
export function declareCheck({ mesh, plan, hosts }: Declared, after: readonly pulumi.Resource[]): MeshCheck {
  const where = hosts.map(({ name, endpoint, interface: nic }) => [
    name,
    { endpoint, ...(nic === undefined ? {} : { interface: nic }) },
  ]);
  const { networkPrefix } = mesh;
  const args = {
    plan,
    hosts: Object.fromEntries(where),
    ...(networkPrefix === undefined ? {} : { networkPrefix }),
  };
  return new MeshCheck("check", args, { dependsOn: [...after] });
}
