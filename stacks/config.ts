import { endpointFor } from "../provider/host/login/alias.js";
import { mergeConnections, readConnection, type Written } from "../provider/host/login/connection.js";
import { SshConfigFault } from "../provider/host/login/ssh-config.js";
import type { LanPlan, MeshConfig, Plan } from "../provider/plan/index.js";
import { ConfigError, Faults } from "./faults.js";
import { readLans, type StackLans } from "./lans.js";
import { planIt, readMesh, type Values } from "./mesh.js";
import * as schema from "./schema.js";
import { plainSecrets } from "./secrets.js";
import { field, type Source } from "./source.js";

/** A stack's config, read and checked. It holds no secret. */
export interface StackConfig {
  readonly mesh: MeshConfig;
  /** The plan of `mesh`, made after the last plan. */
  readonly plan: Plan;
  /** In the order of the config. */
  readonly hosts: readonly StackHost[];
  readonly leaving: readonly LeavingHost[];
  /** Hosts with running containers whose Docker may be down at the same time. @default 1 */
  readonly maxUnavailable: number;
  /** True if an `up` that changed something ends with a check of every direction. @default false */
  readonly check: boolean;
  /** A resource for each route, or one for all routes of a host. @default "pair" */
  readonly routes: "pair" | "host";
  /** Containers on the hosts' own networks. */
  readonly lans: StackLans;
}

export interface StackHost {
  readonly name: string;
  /** `user@host:port`, without any secret. @example "root@192.168.145.128:22" */
  readonly endpoint: string;
  /** @default found on the host @example "eth0" */
  readonly interface?: string;
}

export interface LeavingHost {
  readonly name: string;
  /** The host is dead for good: its resources are forgotten and nothing is undone on it. @default false */
  readonly gone: boolean;
}

/** Every key of the config, and whether its value is text or JSON text. */
const forms: Readonly<Record<string, "text" | "json">> = {
  "dockroute:pool": "text",
  "dockroute:hostPrefix": "json",
  "dockroute:bridgePrefix": "json",
  "dockroute:networkPrefix": "json",
  "dockroute:maxUnavailable": "json",
  "dockroute:check": "json",
  "dockroute:routes": "text",
  "dockroute:between": "text",
  "dockroute:link": "json",
  "dockroute:connection": "json",
  "dockroute:hosts": "json",
  "dockroute:leaving": "json",
  "dockroute:lans": "json",
};

/**
 * Reads a stack's config, the keys `dockroute:*`.
 *
 * @param previous The last plan, against which pins are checked.
 * @param previousLans The last plan of the LANs.
 * @throws ConfigError with every fault of the whole config at once, each with its key's path.
 */
export function readConfig(source: Source, previous?: Plan, previousLans?: LanPlan): StackConfig {
  const faults = new Faults();
  const values = readValues(source, faults);
  faults.add(...plainSecrets(source, values));
  const defaults = readLevel(values["dockroute:connection"], "dockroute:connection", faults);
  const hosts = readHosts(values["dockroute:hosts"], defaults, faults);
  const leaving = readLeaving(values, faults);
  const most = "dockroute:maxUnavailable";
  const maxUnavailable = schema.check(schema.maxUnavailable, values[most], most, faults);
  const check = schema.check(schema.flag, values["dockroute:check"], "dockroute:check", faults);
  const routes = schema.check(schema.routes, values["dockroute:routes"], "dockroute:routes", faults);
  const mesh = readMesh(values, faults);
  const plan = planIt(mesh, previous, faults);
  const lans = readLans(values, previousLans, faults);
  const isWhole = plan !== undefined && lans !== undefined && maxUnavailable !== undefined;
  if (faults.all.length > 0 || !isWhole || check === undefined || routes === undefined) {
    throw new ConfigError(faults.all);
  }
  return { mesh, plan, hosts, leaving, maxUnavailable, check, routes, lans };
}

/** Each key's text as a value. An unknown key is a fault: most likely it is mistyped. */
function readValues(source: Source, faults: Faults): Values {
  const values: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(source.values)) {
    if (!key.startsWith("dockroute:")) continue;
    if (Object.hasOwn(forms, key)) values[key] = forms[key] === "text" ? text : parseJson(text);
    else faults.add({ property: key, reason: `is not known; known are ${Object.keys(forms).join(", ")}` });
  }
  return values;
}

/** Text that is not JSON stays text, and the schema of its key refuses it. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function readLevel(raw: unknown, where: string, faults: Faults): Written {
  const read = readConnection(raw, where);
  if ("connection" in read) return read.connection;
  faults.add(...read.faults);
  return {};
}

function readHosts(value: unknown, defaults: Written, faults: Faults): StackHost[] {
  if (!Array.isArray(value)) {
    const what = value === undefined ? "is missing" : "is not a list";
    faults.add({ property: "dockroute:hosts", reason: `${what}: a list of { name, address } is needed` });
    return [];
  }
  return value.flatMap((raw: unknown, at) => {
    const where = `dockroute:hosts[${at}]`;
    const host = schema.check(schema.host, raw, where, faults);
    const own = readLevel(field(raw, "connection"), `${where}.connection`, faults);
    if (host === undefined) return [];
    const endpoint = whereIs(mergeConnections(own, defaults), host.address, where, faults);
    return [
      { name: host.name, endpoint, ...(host.interface !== undefined && { interface: host.interface }) },
    ];
  });
}

function whereIs(level: Written, address: string, where: string, faults: Faults): string {
  try {
    return endpointFor(level, address);
  } catch (error) {
    if (!(error instanceof SshConfigFault)) throw error;
    faults.add({ property: `${where}.connection`, reason: error.message });
    return "";
  }
}

function readLeaving(values: Values, faults: Faults): LeavingHost[] {
  const value = values["dockroute:leaving"] ?? [];
  if (!Array.isArray(value)) {
    faults.add({ property: "dockroute:leaving", reason: "is not a list: a list of { name } is allowed" });
    return [];
  }
  const staying = namesIn(values["dockroute:hosts"]);
  const names = namesIn(value);
  return value.flatMap((raw: unknown, at) => {
    const where = `dockroute:leaving[${at}]`;
    readLevel(field(raw, "connection"), `${where}.connection`, faults);
    const host = schema.check(schema.leavingHost, raw, where, faults);
    if (host === undefined) return [];
    const reason = twice(host.name, at, staying, names);
    if (reason) faults.add({ property: `${where}.name`, reason });
    return [{ name: host.name, gone: host.gone ?? false }];
  });
}

/** With a name in both lists one entry's connection would silently win, and `gone` would have no effect. */
function twice(name: string, at: number, staying: readonly unknown[], leaving: readonly unknown[]) {
  const host = staying.indexOf(name);
  if (host >= 0) {
    return `"${name}" is also dockroute:hosts[${host}]; a host that stays does not leave: take it out of one of the two`;
  }
  const before = leaving.indexOf(name);
  return before < at ? `"${name}" is already dockroute:leaving[${before}]; once is enough` : undefined;
}

function namesIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.map((entry: unknown) => field(entry, "name")) : [];
}
