import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Plan } from "../plan/index.js";
import { runError } from "./run-error.js";

const hostPlan = z.object({ address: z.string(), subnet: z.string(), bridgeAddress: z.string() });
const lastPlan = z.record(z.string(), hostPlan).nullish();

/** "organization/project/stack" of the stack that is running. */
function selfName(): string {
  return `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
}

/**
 * The plan that the last `up` of this stack left: its own output `plan`, read through a reference to itself.
 * None the first time, and after a destroy, which empties the outputs.
 *
 * @param name the reference's logical name, where there is more than one
 */
export async function previousPlan(name?: string): Promise<Plan | undefined> {
  const self = selfName();
  const reference = new pulumi.StackReference(name ?? self, { name: self });
  reference.outputs.apply((all: Readonly<Record<string, unknown>> | undefined) => {
    if (Object.keys(all ?? {}).length === 0 || all?.["plan"] !== undefined) return;
    const why = "so the next host that comes may move others. Export it: `export const plan = mesh.plan`";
    void pulumi.log.warn(`the stack has no output "plan", ${why}, or pin every host`);
  });
  const { value, secretValue } = await reference.getOutputDetails("plan");
  const read = lastPlan.safeParse(value ?? secretValue);
  if (read.success) return read.data ?? undefined;
  // To go on without it would give hosts new parts and so move them.
  throw runError(`the output "plan" of ${self} is not a plan of dockroute's; nothing was changed`);
}
