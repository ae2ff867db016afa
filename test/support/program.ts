/** A project of its own with one program of TypeScript, and the package of this checkout in it. */
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./stack.js";

/** Gives the project's folder. @param name of the project @param program what its index.ts is */
export function makeProject(name: string, program: string): string {
  const folder = mkdtempSync(join(tmpdir(), `dockroute-${name}-`));
  const settings = {
    name,
    main: "index.ts",
    runtime: { name: "nodejs", options: { typescript: false, nodeargs: "--import tsx" } },
  };
  writeFileSync(join(folder, "Pulumi.yaml"), JSON.stringify(settings));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "commonjs" }));
  writeFileSync(join(folder, "index.ts"), program);
  mkdirSync(join(folder, "node_modules"));
  for (const each of ["@pulumi", "tsx"])
    symlinkSync(join(root, "node_modules", each), join(folder, "node_modules", each));
  symlinkSync(root, join(folder, "node_modules", "dockroute"));
  return folder;
}
