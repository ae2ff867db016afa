import type { Fault } from "../../engine/errors/fault.js";
import { Refused } from "../../engine/errors/refused.js";
import { connectionOf, endpointFor } from "./alias.js";
import {
  type Connection,
  mergeConnections,
  parseEndpoint,
  readConnection,
  type Written,
} from "./connection.js";
import { SshConfigFault } from "./ssh-config.js";

/** The stack's config by its full keys; the values are JSON text, as Pulumi hands them out. */
export type Config = (key: string) => string | undefined;

/**
 * The login at an endpoint, looked up by the host's name at the moment of use, because a login is not
 * state. The endpoint alone decides on the login's target: a delete must reach the host that the state
 * names, not the one that bears the name today.
 *
 * @param own the login that a program gave this resource; it stands over the config
 */
export function connectionFor(host: string, endpoint: string, config: Config, own?: unknown): Connection {
  const at = parseEndpoint(endpoint);
  const faults: Fault[] = [];
  if (at === undefined) {
    throw new Refused(host, "its login", [
      { property: "endpoint", reason: `"${endpoint}" is not of the form user@host:port` },
    ]);
  }
  const levels = levelsOf(host, config, own, faults);
  if (faults.length > 0) throw new Refused(host, "its login", faults);
  const given = { user: at.user, port: at.port, ...mergeConnections(...levels) };
  try {
    return { ...connectionOf(given, addressIn(host, config) ?? at.host), ...at };
  } catch (error) {
    if (!(error instanceof SshConfigFault)) throw error;
    throw new Refused(host, "its login", [{ property: "connection", reason: error.message }]);
  }
}

/** Under which name ssh's own files may know the host, where its connection gives no other. */
function addressIn(host: string, config: Config): string | undefined {
  const address = entries("dockroute:hosts", config).find(({ name }) => name === host)?.["address"];
  return typeof address === "string" ? address : undefined;
}

function levelsOf(host: string, config: Config, own: unknown, faults: Fault[]): readonly Written[] {
  const raw: readonly (readonly [unknown, string])[] = [
    [own, "connection"],
    entryOf(host, "dockroute:hosts", config, faults) ??
      entryOf(host, "dockroute:leaving", config, faults) ?? [undefined, ""],
    [json("dockroute:connection", config, faults), "dockroute:connection"],
  ];
  return raw.map(([level, at]) => {
    const read = readConnection(level, at);
    if ("connection" in read) return read.connection;
    faults.push(...read.faults);
    return {};
  });
}

function entryOf(host: string, key: string, config: Config, faults: Fault[]): [unknown, string] | undefined {
  const list = json(key, config, faults);
  if (!Array.isArray(list)) return undefined;
  const index = list.findIndex((entry) => isRecord(entry) && entry["name"] === host);
  const entry: unknown = list[index];
  return isRecord(entry) ? [entry["connection"], `${key}[${index}].connection`] : undefined;
}

/** The hosts of the stack's config and where ssh goes for each; entries with a fault are left out. */
export function configuredHosts(config: Config): readonly { name: string; endpoint: string }[] {
  const defaults = readConnection(json("dockroute:connection", config, []), "");
  return entries("dockroute:hosts", config).flatMap(({ name, address, connection }) => {
    const own = readConnection(connection, "");
    if (typeof name !== "string" || typeof address !== "string") return [];
    if (!("connection" in own) || !("connection" in defaults)) return [];
    try {
      return [
        { name, endpoint: endpointFor(mergeConnections(own.connection, defaults.connection), address) },
      ];
    } catch (error) {
      if (error instanceof SshConfigFault) return [];
      throw error;
    }
  });
}

/** A host of the config, as peers know it. */
export interface HostEntry {
  readonly name: string;
  readonly address: string;
  readonly interface?: string;
  readonly site?: string;
}

export function hostEntries(config: Config): readonly HostEntry[] {
  return entries("dockroute:hosts", config).flatMap(({ name, address, interface: nic, site }) =>
    typeof name === "string" && typeof address === "string"
      ? [
          {
            ...{ name, address },
            ...(typeof nic === "string" ? { interface: nic } : {}),
            ...(typeof site === "string" ? { site } : {}),
          },
        ]
      : [],
  );
}

/** The endpoint of a host by the config of its name today. */
export function endpointIn(config: Config, name: string, address: string): string {
  return endpointFor(mergeConnections(...levelsOf(name, config, undefined, [])), address);
}

/** Where ssh goes for a resource that names no endpoint: where its own connection leads, else the config's host of that name. */
export function endpointAt(
  config: Config,
  name: string,
  own: unknown,
): { readonly endpoint: string } | { readonly faults: readonly Fault[] } {
  const configured = configuredHosts(config).find((each) => each.name === name);
  if (own === undefined && configured !== undefined) return configured;
  const read = readConnection(own, "connection");
  if (!("connection" in read)) return read;
  const { user, port, host = addressIn(name, config) } = read.connection;
  const where = { ...(port === undefined ? {} : { port }), ...(user === undefined ? {} : { user }) };
  try {
    if (host !== undefined) return { endpoint: endpointFor(where, host) };
  } catch (error) {
    if (!(error instanceof SshConfigFault)) throw error;
    return { faults: [{ property: "connection", reason: error.message }] };
  }
  const reason =
    "is missing: give the endpoint, or a connection with its host, or name the host in dockroute:hosts";
  return { faults: [{ property: "endpoint", reason }] };
}

/** The hosts that were taken out of the config, and whether they are gone for good. */
export function leavingHosts(config: Config): readonly { name: string; gone: boolean }[] {
  return entries("dockroute:leaving", config).flatMap(({ name, gone }) =>
    typeof name === "string" ? [{ name, gone: gone === true }] : [],
  );
}

function entries(key: string, config: Config): readonly Record<string, unknown>[] {
  const list = json(key, config, []);
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

function json(key: string, config: Config, faults: Fault[]): unknown {
  const text = config(key);
  if (text === undefined || text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may hold a password.
    faults.push({ property: key, reason: "is not JSON" });
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
