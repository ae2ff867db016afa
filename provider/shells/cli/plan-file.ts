/** Computes the plan of a config file. No stack and no host is asked. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { type Plan, PlanError, planMesh } from "../../plan/index.js";
import { CommandError } from "./stack.js";

const host = z.object({ name: z.string(), address: z.string(), subnet: z.string().optional() });
const file = z.object({
  config: z.object({
    "dockroute:pool": z.string(),
    "dockroute:hosts": z.array(host),
    "dockroute:hostPrefix": z.number().optional(),
    "dockroute:bridgePrefix": z.number().optional(),
  }),
});

export function planIn(path: string): Plan {
  const read = file.safeParse(parse(textOf(path)));
  if (!read.success) {
    const faults = read.error.issues.map(({ path: at, message }) => `${at.join(".")}: ${message}`);
    throw new CommandError(`${path} is no config of a mesh: ${faults.join("; ")}`);
  }
  const { config } = read.data;
  const [hostPrefix, bridgePrefix] = [config["dockroute:hostPrefix"], config["dockroute:bridgePrefix"]];
  try {
    return planMesh({
      pool: config["dockroute:pool"],
      ...(hostPrefix === undefined ? {} : { hostPrefix }),
      ...(bridgePrefix === undefined ? {} : { bridgePrefix }),
      hosts: config["dockroute:hosts"].map(({ subnet, ...own }) => ({
        ...own,
        ...(subnet === undefined ? {} : { subnet }),
      })),
    });
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
