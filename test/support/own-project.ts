/** A person's own project with one program, and this checkout as its package. */
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./stack.js";

const runtime = { name: "nodejs", options: { typescript: false, nodeargs: "--import tsx" } };

/**
 * Makes the project in a new folder. The caller removes it.
 *
 * @param settings more of Pulumi.yaml
 * @param files in place of this checkout as the package `dockroute`: the package's own files, by name
 */
export function ownProject(
  name: string,
  program: string,
  settings: object = {},
  files?: Readonly<Record<string, string>>,
): string {
  const folder = mkdtempSync(join(tmpdir(), "dockroute-project-"));
  writeFileSync(
    join(folder, "Pulumi.yaml"),
    JSON.stringify({ name, main: "index.ts", runtime, ...settings }),
  );
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "commonjs" }));
  writeFileSync(join(folder, "index.ts"), program);
  const modules = join(folder, "node_modules");
  mkdirSync(modules);
  for (const each of ["@pulumi", "tsx"]) symlinkSync(join(root, "node_modules", each), join(modules, each));
  const own = join(modules, "dockroute");
  if (files === undefined) symlinkSync(root, own);
  else mkdirSync(own);
  for (const [file, text] of Object.entries(files ?? {})) writeFileSync(join(own, file), text);
  return folder;
}
