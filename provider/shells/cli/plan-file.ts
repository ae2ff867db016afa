/** Reads the mesh of a config file and makes its plan. No stack and no host is asked. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { betweens, type MeshConfig, type Plan, PlanError, planMesh } from "../../plan/index.js";
import { CommandError } from "./stack.js";

const host = z.object({
  name: z.string(),
  address: z.string(),
  subnet: z.string().exactOptional(),
  site: z.string().exactOptional(),
  publicAddress: z.string().exactOptional(),
});
const file = z.object({
  config: z.object({
    "dockroute:pool": z.string(),
    "dockroute:hosts": z.array(host),
    "dockroute:hostPrefix": z.number().optional(),
    "dockroute:bridgePrefix": z.number().optional(),
    "dockroute:between": z.enum(betweens).optional(),
  }),
});

/** A config file's mesh and its plan. */
export interface Planned {
  readonly mesh: MeshConfig;
  readonly plan: Plan;
}

export function planIn(path: string): Planned {
  const read = file.safeParse(parse(textOf(path)));
  if (!read.success) {
    const faults = read.error.issues.map(({ path: at, message }) => `${at.join(".")}: ${message}`);
    throw new CommandError(`${path} is no config of a mesh: ${faults.join("; ")}`);
  }
  const { config } = read.data;
  const given = Object.entries({
    hostPrefix: config["dockroute:hostPrefix"],
    bridgePrefix: config["dockroute:bridgePrefix"],
    between: config["dockroute:between"],
  }).filter(([, value]) => value !== undefined);
  const mesh: MeshConfig = {
    ...Object.fromEntries(given),
    pool: config["dockroute:pool"],
    hosts: config["dockroute:hosts"],
  };
  try {
    return { mesh, plan: planMesh(mesh) };
  } catch (error) {
    throw error instanceof PlanError ? new CommandError(`${path}: ${error.message}`) : error;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CommandError(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
