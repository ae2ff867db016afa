import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Plan } from "../provider/plan/index.js";

const hostPlan = z.object({ address: z.string(), subnet: z.string(), bridgeAddress: z.string() });
const lastPlan = z.record(z.string(), hostPlan).nullish();

/**
 * The plan that the last `up` of this stack left: its own output, read through a reference to itself. None
 * the first time, and after a destroy, which empties the outputs.
 */
export async function previousPlan(): Promise<Plan | undefined> {
  const self = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const { value, secretValue } = await new pulumi.StackReference(self).getOutputDetails("plan");
  const read = lastPlan.safeParse(value ?? secretValue);
  if (read.success) return read.data ?? undefined;
  // To go on without it would give hosts new parts and so move them.
  throw new pulumi.RunError(`the output "plan" of ${self} is not a plan of dockroute's; nothing was changed`);
}
