/** Reads the keys of the config that the planner needs, and makes the plan. */
import { type MeshConfig, type Plan, planMesh } from "../provider/plan/index.js";
import { type Faults, planned } from "./faults.js";
import * as schema from "./schema.js";
import { field } from "./source.js";

/** By full key, "dockroute:hosts". */
export type Values = Readonly<Record<string, unknown>>;

/**
 * The planner's input. A value of the wrong shape is a fault here and becomes one that the planner refuses too, so
 * that one fault does not hide the others.
 */
export function readMesh(values: Values, faults: Faults): MeshConfig {
  const prefix = (name: "hostPrefix" | "bridgePrefix" | "networkPrefix") => {
    const property = `dockroute:${name}`;
    const value = values[property];
    if (value === undefined) return {};
    return { [name]: schema.check(schema.prefix, value, property, faults) ?? Number.NaN };
  };
  const hosts: readonly unknown[] = Array.isArray(values["dockroute:hosts"]) ? values["dockroute:hosts"] : [];
  return {
    ...readWays(values, faults),
    pool: schema.check(schema.pool, values["dockroute:pool"], "dockroute:pool", faults) ?? "",
    ...prefix("hostPrefix"),
    ...prefix("bridgePrefix"),
    ...prefix("networkPrefix"),
    hosts: hosts.map((host) => ({
      ...{ name: text(field(host, "name")), address: text(field(host, "address")) },
      ...given(host, "subnet"),
      ...given(host, "site"),
      ...given(host, "publicAddress"),
    })),
  };
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

function given<Name extends string>(host: unknown, name: Name): { readonly [key in Name]?: string };
function given(host: unknown, name: string) {
  const value = field(host, name);
  return value === undefined ? {} : { [name]: text(value) };
}

function readWays(values: Values, faults: Faults): Pick<MeshConfig, "between" | "link"> {
  const [between, link] = [values["dockroute:between"], values["dockroute:link"]];
  const read = {
    between: schema.check(schema.between, between, "dockroute:between", faults),
    link: link === undefined ? link : schema.check(schema.link, link, "dockroute:link", faults),
  };
  return {
    // A refused word stands for a way that leads everywhere: it is told once.
    ...(between === undefined ? {} : { between: read.between ?? "routed" }),
    ...(read.link === undefined ? {} : { link: read.link }),
  };
}

export function planIt(mesh: MeshConfig, previous: Plan | undefined, faults: Faults): Plan | undefined {
  return planned(() => planMesh(mesh, previous), faults);
}
