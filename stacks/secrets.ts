import { pathOf } from "../provider/engine/printable.js";
import { credentialFields } from "../provider/host/login/connection.js";
import type { ConfigFault } from "./faults.js";
import { field, type Source } from "./source.js";

/** The connections, which may hold secrets: each with its key, and its path in the key's value. */
function connections(values: Readonly<Record<string, unknown>>): [string, (string | number)[]][] {
  const inList = (key: string): [string, (string | number)[]][] =>
    list(values[key]).map((_, at) => [key, [at, "connection"]]);
  const own: [string, (string | number)[]][] = [
    ["dockroute:connection", []],
    ...inList("dockroute:hosts"),
    ...inList("dockroute:leaving"),
  ];
  return own.flatMap(([key, path]): [string, (string | number)[]][] => {
    const proxy = at(values[key], [...path, "proxy"]);
    const hops = Array.isArray(proxy) ? proxy.map((_, hop) => [...path, "proxy", hop]) : [[...path, "proxy"]];
    return [[key, path], ...hops.map((hop): [string, (string | number)[]] => [key, hop])];
  });
}

/**
 * Every password, key text and passphrase that is not a Pulumi secret. The state keeps a copy of the config, so
 * it would hold them in the clear. No reason contains a value.
 *
 * @param values the config's values, read from their JSON text
 */
export function plainSecrets(source: Source, values: Readonly<Record<string, unknown>>): ConfigFault[] {
  return connections(values).flatMap(([key, path]) =>
    credentialFields.flatMap((name) => {
      const value = at(values[key], [...path, name]);
      if (value === undefined || value === null || isSecret(source, key, [...path, name], value)) return [];
      const property = pathOf([...path, name], key);
      const reason =
        "is not a Pulumi secret, so this file and the state would hold it in the clear; " +
        `make it one: pulumi config set --secret --path '${property}'`;
      return [{ property, reason }];
    }),
  );
}

function isSecret(source: Source, key: string, path: readonly (string | number)[], value: unknown): boolean {
  if (!source.secretKeys.includes(key)) return false;
  const written = field(source.written, key) ?? field(source.written, key.replace(":", ":config:"));
  // Where the file has no such leaf in the clear, it comes from an encrypted parent or from an environment.
  const leaf = at(written, path);
  return leaf === undefined || String(leaf) !== String(value);
}

function at(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce(field, value);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
