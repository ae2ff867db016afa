/**
 * Project folders for a bench: the checkout's own program and config, with another package `dockroute` beside it.
 * Either the one that `npm pack` makes, which is what people have, or the floor's.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { run } from "../lab/run.js";

const root = join(__dirname, "..");

/** Makes the project in `folder` and gives the folder in which its package `dockroute` is to lie. */
export function makeProject(folder: string, packages: readonly string[]): string {
  rmSync(folder, { recursive: true, force: true });
  const dockroute = join(folder, "node_modules", "dockroute");
  mkdirSync(dockroute, { recursive: true });
  // A link by link, because a folder of links would hide the package.
  for (const name of packages)
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  // A package of another name: within the checkout's own, "dockroute" would mean the checkout.
  writeFileSync(
    join(folder, "package.json"),
    `${JSON.stringify({ name: "bench", private: true }, null, 2)}\n`,
  );
  const program = `module.exports = require(${JSON.stringify(join(root, "stacks", "index.ts"))});\n`;
  writeFileSync(join(folder, "index.ts"), program);
  const project = readFileSync(join(root, "Pulumi.yaml"), "utf8").replace(/^main: .*$/m, "main: index.ts");
  writeFileSync(join(folder, "Pulumi.yaml"), project);
  return dockroute;
}

/** dockroute as it is installed from the registry: compiled, and without the sources that a checkout would read. */
export async function makePacked(folder: string): Promise<string> {
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    dependencies: Readonly<Record<string, string>>;
  };
  const dockroute = makeProject(folder, ["@pulumi", "tsx", ...Object.keys(dependencies)]);
  const scratch = mkdtempSync(join(folder, "pack-"));
  await run(["npm", "pack", "--silent", "--pack-destination", scratch], { cwd: root });
  const tarball = readdirSync(scratch).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error("npm pack made no tarball");
  await run(["tar", "-xzf", join(scratch, tarball), "--strip-components=1", "-C", dockroute]);
  return folder;
}
