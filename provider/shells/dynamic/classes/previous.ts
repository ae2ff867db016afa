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

/** The plans that the last `up` of a stack left as its outputs. */
interface LastPlans {
  readonly plan: Plan | undefined;
  /** That of the LANs; none if it had no LANs. */
  readonly lans: LanPlan | undefined;
}

/**
 * The plan that the last `up` of this stack left as its output `plan`; none at the first run, and after a destroy, which
 * empties the outputs. A StackReference would ask the engine the same, but it is a resource: its state would keep the
 * outputs from before the `up`, and the next `pulumi refresh` would report it as changed.
 */
export async function previousPlan(): Promise<Plan | undefined> {
  const name = selfName();
  return planOf(name, await lastOutputs(name));
}

/** The same with the plan of the LANs, by one call of the engine. */
export async function previousPlans(): Promise<LastPlans> {
  const name = selfName();
  const outputs = await lastOutputs(name);
  return { plan: planOf(name, outputs), lans: lansOf(name, outputs) };
}

type Outputs = Readonly<Record<string, unknown>>;

async function lastOutputs(name: string): Promise<Outputs> {
  return answer.parse(await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name })).outputs;
}

function planOf(name: string, outputs: Outputs): Plan | undefined {
  if (Object.keys(outputs).length > 0 && outputs["plan"] === undefined) {
    const why = "so the next host that joins may move others. Export it: `export const plan = mesh.plan`";
    void pulumi.log.warn(`the stack has no output "plan", ${why}, or pin every host`);
  }
  const read = lastPlan.safeParse(outputs["plan"]);
  if (read.success) return read.data ?? undefined;
  // Without it the planner would give hosts new subnets, and so move them.
  throw runError(`the output "plan" of ${name} is not a plan of dockroute's; nothing was changed`);
}

function lansOf(name: string, outputs: Outputs): LanPlan | undefined {
  const read = lastLans.safeParse(outputs["lans"]);
  if (read.success) return read.data ?? undefined;
  // Without it the planner would give hosts other pieces, and so make their networks anew.
  throw runError(`the output "lans" of ${name} is not a plan of dockroute's; nothing was changed`);
}
