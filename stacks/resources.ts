import * as pulumi from "@pulumi/pulumi";
import { pools } from "../provider/plan/index.js";
import { declareMesh as declare } from "../provider/shells/dynamic/classes/declare.js";
import type { MeshMember } from "../provider/shells/dynamic/classes/member.js";
import { MeshCheck } from "../provider/shells/dynamic/classes/mesh-check.js";
import type { StackConfig } from "./config.js";

type Declared = Pick<StackConfig, "mesh" | "plan" | "hosts" | "routes">;

/**
 * The resources of the stack's mesh, at the stack's root. They are not in a `Mesh`: a component is a resource too,
 * which every existing stack would have to create.
 */
export function declareMesh({ mesh, plan, hosts, routes }: Declared): readonly pulumi.Resource[] {
  return declare(
    hosts.flatMap(({ name, endpoint, interface: nic }): MeshMember[] => {
      const planned = Object.hasOwn(plan, name) ? plan[name] : undefined;
      if (planned === undefined) return [];
      const { address, ...own } = planned;
      const inMesh = mesh.hosts.find((host) => host.name === name);
      return [
        {
          name,
          where: { endpoint },
          interface: nic,
          address: pulumi.output(address),
          own: pulumi.output(own),
          networks: pulumi.output(pools(mesh, planned)),
          site: inMesh?.site,
          publicAddress: inMesh?.publicAddress,
        },
      ];
    }),
    { routes, ways: mesh },
  );
}

/** The check of every direction, after all other resources. */
export function declareCheck(
  { mesh, plan, hosts }: Omit<Declared, "routes">,
  after: readonly pulumi.Resource[],
): MeshCheck {
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
