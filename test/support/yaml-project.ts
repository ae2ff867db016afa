/** A person's own program in YAML, with the plugin of this checkout. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./stack.js";

export interface Resource {
  readonly type: string;
  readonly properties: object;
  readonly options?: object;
}

/** Writes the program; JSON is YAML. @param plugin the folder of the plugin */
export function yamlProject(
  folder: string,
  resources: Readonly<Record<string, Resource>>,
  outputs: Readonly<Record<string, string>> = {},
  plugin = root,
): string {
  mkdirSync(folder, { recursive: true });
  const plugins = { providers: [{ name: "dockroute", path: plugin }] };
  const program = { name: "theirs", runtime: "yaml", plugins, resources, outputs };
  writeFileSync(join(folder, "Pulumi.yaml"), JSON.stringify(program, null, 2));
  return folder;
}
