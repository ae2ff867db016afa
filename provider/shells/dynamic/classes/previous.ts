import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Plan } from "../../../plan/index.js";
import { runError } from "./run-error.js";

const hostPlan = z.object({ address: z.string(), subnet: z.string(), bridgeAddress: z.string() });
const lastPlan = z.record(z.string(), hostPlan).nullish();

/** "organization/project/stack" of the stack that is running. */
function selfName(): string {
  return `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
}

/** What the engine tells of a stack, its own or another's. */
const answer = z.object({ outputs: z.record(z.string(), z.unknown()).default({}) });

/**
 * The plan that the last `up` of this stack left: its own output `plan`. None the first time, and after a destroy, which
 * empties the outputs. The engine is asked as a StackReference asks it, but without one: that is a resource, whose state
 * keeps what was read when the `up` began, and the next `pulumi refresh` would call it changed.
 */
export async function previousPlan(): Promise<Plan | undefined> {
  const name = selfName();
  const { outputs } = answer.parse(await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name }));
  if (Object.keys(outputs).length > 0 && outputs["plan"] === undefined) {
    const why = "so the next host that comes may move others. Export it: `export const plan = mesh.plan`";
    void pulumi.log.warn(`the stack has no output "plan", ${why}, or pin every host`);
  }
  const read = lastPlan.safeParse(outputs["plan"]);
  if (read.success) return read.data ?? undefined;
  // To go on without it would give hosts new parts and so move them.
  throw runError(`the output "plan" of ${name} is not a plan of dockroute's; nothing was changed`);
}
