import * as pulumi from "@pulumi/pulumi";
import {
  type FabricRoute,
  fabricRoutes,
  type LanPlan,
  moves,
  type Plan,
  renames,
  room,
  wayLines,
  wayWarnings,
} from "../provider/plan/index.js";
import type { MeshCheckResults } from "../provider/shells/dynamic/classes/mesh-check.js";
import { previousPlans } from "../provider/shells/dynamic/classes/previous.js";
import { readConfig, type StackConfig } from "./config.js";
import { declareLans } from "./lans.js";
import { declareCheck, declareMesh } from "./resources.js";
import { stackSource } from "./source.js";

interface Outputs {
  readonly plan: Plan;
  /** With `dockroute:lans`: by the LAN's name and the host's the host's piece. */
  readonly lans?: LanPlan;
  /** With `dockroute:check`: by host and peer, reached or not and why. */
  readonly check?: pulumi.Output<MeshCheckResults>;
  /** With `dockroute:between: routed`: the routes that the network between the sites needs. */
  readonly fabricRoutes?: readonly FabricRoute[];
}

/** Makes the plan of the config and the last plan, and the resources of the plan. The next run reads the output `plan` as its last plan. */
async function main(): Promise<Outputs> {
  const { plan: previous, lans: lastLans } = await previousPlans();
  const config = readConfig(stackSource(), previous, lastLans);
  await announce(config, previous ?? {});
  const inMesh = declareMesh(config);
  const resources = [...inMesh, ...declareLans(config, inMesh)];
  const { plan, mesh, lans } = config;
  const routes = fabricRoutes(mesh, plan);
  return {
    plan,
    ...(lans.lans.length === 0 ? {} : { lans: lans.plan }),
    ...(config.check ? { check: declareCheck(config, resources).results } : {}),
    ...(routes.length > 0 ? { fabricRoutes: routes } : {}),
  };
}

/** Tells a person the consequences before saying yes. */
async function announce({ mesh, plan, leaving }: StackConfig, previous: Plan): Promise<void> {
  const renamed = renames(previous, plan);
  for (const { from, to } of renamed) await pulumi.log.warn(renameText(from, to, previous, plan));
  for (const host of Object.keys(previous).filter((name) => !Object.hasOwn(plan, name))) {
    if (renamed.some(({ from }) => from === host)) continue;
    const isGone = leaving.some(({ name, gone }) => name === host && gone);
    await pulumi.log.warn(
      isGone
        ? `${host} leaves and is gone for good: nothing is undone on it`
        : `${host} leaves: its routes and rules are removed, and docker0 and daemon.json become as before. For that ` +
            "Docker restarts there: its containers stop, and those without a restart policy stay stopped",
    );
  }
  for (const { host, from, to } of moves(previous, plan)) {
    await pulumi.log.warn(
      `${host} moves from ${from} to ${to}: Docker restarts there and its containers get new addresses`,
    );
  }
  for (const text of wayWarnings(mesh)) await pulumi.log.warn(text);
  if (!pulumi.runtime.isDryRun()) return;
  const ways = wayLines(mesh);
  if (ways.length > 0)
    await pulumi.log.info(`the ways between the hosts:\n${ways.map((line) => `  ${line}`).join("\n")}`);
  const { left, subnets } = room(mesh, plan);
  await pulumi.log.info(`${mesh.pool} has room for ${left} more of ${subnets} hosts`);
}

function renameText(from: string, to: string, previous: Plan, plan: Plan): string {
  const [before, after] = [previous[from]?.subnet, plan[to]?.subnet];
  const subnet =
    before === after
      ? `keeps its subnet ${after}`
      : `moves from ${before} to ${after}: Docker restarts there and its containers get new addresses`;
  return `${from} is named ${to} now, at the same address, and ${subnet}`;
}

export = main;
