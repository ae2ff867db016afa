/** Runs the program of stacks/ as the engine would, on mocks: no host is asked. */
import * as pulumi from "@pulumi/pulumi";
import type { Plan } from "../../provider/plan/index.js";

import main = require("../../stacks/index.js");

export const stackName = "organization/dockroute/test";

export interface Made {
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

export interface Run {
  /** By logical name. */
  readonly made: ReadonlyMap<string, Made>;
  /** By logical name, the logical names it waits for. */
  readonly edges: Readonly<Record<string, readonly string[]>>;
  readonly outputs: unknown;
}

/** Runs the program as the engine would, with the outputs that the last run left. */
export async function runProgram(config: Readonly<Record<string, unknown>>, last?: Plan): Promise<Run> {
  const made = new Map<string, Made>();
  const names = new Map<pulumi.Resource, string>();
  const waits = new Map<string, readonly pulumi.Resource[]>();
  await pulumi.runtime.setMocks(
    {
      call: ({ token, inputs }) => {
        const own = token === "pulumi:pulumi:readStackOutputs" && inputs.name === stackName;
        return own ? { outputs: last ? { plan: last } : {} } : {};
      },
      newResource: ({ type, name, inputs }) => {
        made.set(name, { type, inputs });
        return { id: name, state: inputs };
      },
    },
    "dockroute",
    "test",
    true,
    "organization",
  );
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  pulumi.runtime.setAllConfig(
    Object.fromEntries(Object.entries(config).map(([key, value]) => [`dockroute:${key}`, text(value)])),
  );
  const outputs = await pulumi.runtime.runInPulumiStack(async () => {
    pulumi.runtime.registerStackTransformation(({ resource, name, opts }) => {
      names.set(resource, name);
      const after = "dependsOn" in opts && Array.isArray(opts.dependsOn) ? opts.dependsOn : [];
      waits.set(name, after.filter(pulumi.Resource.isInstance));
      return undefined;
    });
    return main();
  });
  await pulumi.runtime.disconnect();
  const nameOf = (resource: pulumi.Resource) => names.get(resource) ?? "unknown";
  const edges = [...waits].map(([name, after]) => [name, after.map(nameOf).sort()]);
  return { made, edges: Object.fromEntries(edges.filter(([, after]) => after?.length !== 0)), outputs };
}
