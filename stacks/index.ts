import * as pulumi from "@pulumi/pulumi";
import { moves, type Plan, room } from "../provider/plan/index.js";
import type { MeshCheckResults } from "../provider/shells/dynamic/classes/mesh-check.js";
import { previousPlan } from "../provider/shells/dynamic/classes/previous.js";
import { readConfig, type StackConfig } from "./config.js";
import { declareCheck, declareMesh } from "./resources.js";
import { stackSource } from "./source.js";

interface Outputs {
  readonly plan: Plan;
  /** With `dockroute:check`: by host and peer, reached or not and why. */
  readonly check?: pulumi.Output<MeshCheckResults>;
}

/** The program: config and last plan to plan, plan to resources. The output `plan` is the next run's last plan. */
async function main(): Promise<Outputs> {
  const previous = await previousPlan();
  const config = readConfig(stackSource(), previous);
  await announce(config, previous ?? {});
  const resources = declareMesh(config);
  const { plan } = config;
  return config.check ? { plan, check: declareCheck(config, resources).results } : { plan };
}

/** What a person has to know before saying yes. */
async function announce({ mesh, plan, leaving }: StackConfig, previous: Plan): Promise<void> {
  for (const host of Object.keys(previous).filter((name) => !Object.hasOwn(plan, name))) {
    const isGone = leaving.some(({ name, gone }) => name === host && gone);
    await pulumi.log.warn(
      isGone
        ? `${host} leaves and is gone for good: nothing is undone on it`
        : `${host} leaves: its routes and rules go, docker0 and daemon.json become as before, and for that Docker ` +
            "restarts there: its containers stop, and those without a restart policy stay stopped",
    );
  }
  for (const { host, from, to } of moves(previous, plan)) {
    await pulumi.log.warn(
      `${host} moves from ${from} to ${to}: Docker restarts there and its containers get new addresses`,
    );
  }
  if (!pulumi.runtime.isDryRun()) return;
  const { left, parts } = room(mesh, plan);
  await pulumi.log.info(`${mesh.pool} has room for ${left} more of ${parts} hosts`);
}

export = main;
