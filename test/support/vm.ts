/** The config of a stack with virtual machines among its hosts: a processor that is translated takes its time. */
import type { Lab } from "../../lab/lab.js";
import { type Config, meshConfig } from "./stack.js";

export const patience = { perDialTimeout: 120, idleTimeout: 900 };

export function patientConfig(lab: Lab): Config {
  const config = meshConfig(lab);
  return { ...config, connection: { ...(config["connection"] as object), ...patience } };
}
