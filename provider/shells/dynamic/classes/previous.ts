import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { LanPlan, Plan } from "../../../plan/index.js";
import { lansForm, planForm } from "../../../resources/host/plan-output.js";
import { runError } from "./run-error.js";

const lastPlan = planForm.nullish();
const lastLans = lansForm.nullish();

/** "organization/project/stack" of the stack that is running. */
function selfName(): string {
  return `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
}

/** The engine's answer about a stack. */
const answer = z.object({ outputs: z.record(z.string(), z.unknown()).default({}) });

/**
 * The plan that the last `up` of this stack left as its output `plan`; none at the first run, and after a destroy, which
 * empties the outputs. A StackReference would ask the engine the same, but it is a resource: its state would keep the
 * outputs from before the `up`, and the next `pulumi refresh` would report it as changed.
 */
export async function previousPlan(): Promise<Plan | undefined> {
  const name = selfName();
  const outputs = await lastOutputs(name);
  if (Object.keys(outputs).length > 0 && outputs["plan"] === undefined) {
    const why = "so the next host that joins may move others. Export it: `export const plan = mesh.plan`";
    void pulumi.log.warn(`the stack has no output "plan", ${why}, or pin every host`);
  }
  const read = lastPlan.safeParse(outputs["plan"]);
  if (read.success) return read.data ?? undefined;
  // Without it the planner would give hosts new subnets, and so move them.
  throw runError(`the output "plan" of ${name} is not a plan of dockroute's; nothing was changed`);
}

async function lastOutputs(name: string): Promise<Readonly<Record<string, unknown>>> {
  return answer.parse(await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name })).outputs;
}

/** The plan of the LANs that the last `up` of this stack left as its output `lans`; none if it had no LANs. */
export async function previousLans(): Promise<LanPlan | undefined> {
  const name = selfName();
  const read = lastLans.safeParse((await lastOutputs(name))["lans"]);
  if (read.success) return read.data ?? undefined;
  // Without it the planner would give hosts other pieces, and so make their networks anew.
  throw runError(`the output "lans" of ${name} is not a plan of dockroute's; nothing was changed`);
}
