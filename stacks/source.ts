import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";

/** A stack's config, unread. */
export interface Source {
  /** Every key with its namespace, "dockroute:hosts"; each value is text, JSON text for lists and objects. */
  readonly values: Readonly<Record<string, string>>;
  /** The keys that hold a Pulumi secret, wherever in their value. */
  readonly secretKeys: readonly string[];
  /** The `config` of Pulumi.<stack>.yaml, where a secret leaf is `{ secure: ... }`; undefined where there is no such file. */
  readonly written?: unknown;
}

/** The config of the stack that is running. */
export function stackSource(): Source {
  return {
    values: pulumi.runtime.allConfig(),
    secretKeys: secretKeys(process.env["PULUMI_CONFIG_SECRET_KEYS"]),
    written: writtenConfig(process.cwd(), pulumi.getStack()),
  };
}

function secretKeys(text: string | undefined): string[] {
  const keys: unknown = JSON.parse(text || "[]");
  if (!Array.isArray(keys)) return [];
  // Older language hosts put ":config:" into every key; the SDK's own reader handles that too.
  return keys.map((key) => String(key).replace(":config:", ":"));
}

/**
 * The config as it is written in the stack's file. The engine tells which keys hold a secret; only the file tells
 * which leaf of an object is one. With `--config-file` the file has another name, and is not found.
 */
export function writtenConfig(from: string, stack: string): unknown {
  const project = projectDirectory(from);
  if (project === undefined) return undefined;
  const settings = join(project.directory, project.file);
  const configDirectory = field(read(settings), "stackConfigDir");
  const directory = join(project.directory, typeof configDirectory === "string" ? configDirectory : "");
  const file = ["yaml", "yml", "json"]
    .map((end) => join(directory, `Pulumi.${stack}.${end}`))
    .find(existsSync);
  return file === undefined ? undefined : field(read(file), "config");
}

/** The engine runs the program in the project's `main`, so the project is in that folder or above it. */
function projectDirectory(from: string): { readonly directory: string; readonly file: string } | undefined {
  const file = ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"].find((name) => existsSync(join(from, name)));
  if (file !== undefined) return { directory: from, file };
  return dirname(from) === from ? undefined : projectDirectory(dirname(from));
}

function read(path: string): unknown {
  try {
    return parse(readFileSync(path, "utf8"));
  } catch {
    // The CLI has read this file already, and reports what is wrong with it.
    return undefined;
  }
}

/** A field of a value; undefined where the value is no object or has no such field. */
export function field(value: unknown, key: string | number): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return Reflect.get(value, key);
}
