/**
 * This checkout compiled, program and all: a run that starts Pulumi or a call hundreds of times saves
 * each time the second in which tsx would compile it. The project of bench/project.ts has the package compiled, and
 * leaves the program to tsx.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../lab/run.js";
import { root } from "../support/stack.js";
import { resultsFolder } from "./results.js";

let made: Promise<string> | undefined;

/** The folder of a project that is started like the checkout: this process's own, for another may run beside it. */
export function compiledProject(): Promise<string> {
  made ??= compile(join(resultsFolder, `compiled-${process.pid}`));
  return made;
}

/** The program that makes one call of the engine: what `startCall` starts. */
export async function compiledClient(): Promise<readonly string[]> {
  return [process.execPath, join(await compiledProject(), "test/faults/client.js")];
}

async function compile(folder: string): Promise<string> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const tsconfig = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: { noEmit: false, rootDir: root, outDir: folder },
    files: ["stacks/index.ts", "provider/shells/dynamic/handlers.ts", "test/faults/client.ts"].map((file) =>
      join(root, file),
    ),
    include: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig));
  await run([join(root, "node_modules/.bin/tsc"), "-p", folder], { cwd: root });
  await run([process.execPath, join(root, "assets.mjs"), join(root, "provider"), join(folder, "provider")]);
  // As the package is laid out, for handlers.js.
  symlinkSync("provider", join(folder, "bin"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const file of ["package.json", "handlers.js"]) copyFileSync(join(root, file), join(folder, file));
  const project = readFileSync(join(root, "Pulumi.yaml"), "utf8");
  writeFileSync(
    join(folder, "Pulumi.yaml"),
    project.replace("stacks/index.ts", "stacks/index.js").replace(/^ *nodeargs:.*\n/m, ""),
  );
  return folder;
}
