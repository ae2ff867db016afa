/** Projects of somebody else's: each package manager, each way to write a program, each Node. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../lab/run.js";
import { npmInstall, withVersion } from "./installed.js";

/** A package manager: the words that start it, once `tools` of it is installed. */
export interface Manager {
  readonly name: string;
  /** The npm package that has it; npm itself comes with Node. */
  readonly tool?: string;
  readonly install: (bin: (name: string) => string, packages: readonly string[]) => readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

export const managers: readonly Manager[] = [
  { name: "npm", install: (_, packages) => ["npm", "install", "--silent", "--no-audit", ...packages] },
  {
    name: "pnpm",
    tool: "pnpm@10",
    install: (bin, packages) => [bin("pnpm"), "add", "--silent", "--prefer-offline", ...packages],
  },
  {
    name: "yarn 1",
    tool: "yarn@1.22.22",
    install: (bin, packages) => [bin("yarn"), "add", "--silent", "--non-interactive", ...packages],
  },
  {
    name: "yarn 4",
    tool: "@yarnpkg/cli-dist@4",
    install: (bin, packages) => [bin("yarn"), "add", ...packages],
    // Pulumi's language host knows no Plug'n'Play. A tarball that changes under one name has no checksum to keep.
    files: { ".yarnrc.yml": "nodeLinker: node-modules\nchecksumBehavior: ignore\n", "yarn.lock": "" },
  },
];

/** A mesh at a port on which nobody listens: a preview asks the host, is refused, prints that, and goes on. */
const mesh = `
const connection = { host: "127.0.0.1", port: 9, dialErrorLimit: 1 };
const mesh = new Mesh("mesh", {
  pool: "172.30.0.0/16",
  hosts: [
    { name: "alpha", address: "192.168.145.128", connection },
    { name: "beta", address: "192.168.145.129", connection },
  ],
});
`;

/** One way to write a program. */
export interface Language {
  readonly name: string;
  readonly runtime: "tsx" | "nodejs";
  readonly type: "commonjs" | "module";
  readonly file: string;
  readonly text: string;
}

const typescript =
  `import { Mesh, type Plan } from "dockroute";\nimport type { Output } from "@pulumi/pulumi";\n${mesh}` +
  "export const plan: Output<Plan> = mesh.plan;\n";

export const languages: readonly Language[] = [
  { name: "TypeScript, ts-node", runtime: "nodejs", type: "commonjs", file: "index.ts", text: typescript },
  { name: "TypeScript, tsx", runtime: "tsx", type: "commonjs", file: "index.ts", text: typescript },
  { name: "TypeScript, tsx, ESM", runtime: "tsx", type: "module", file: "index.ts", text: typescript },
  {
    name: "JavaScript",
    runtime: "nodejs",
    type: "commonjs",
    file: "index.js",
    text: `const { Mesh } = require("dockroute");\n${mesh}exports.plan = mesh.plan;\n`,
  },
  {
    name: "JavaScript, ESM",
    runtime: "nodejs",
    type: "module",
    file: "index.js",
    text: `import { Mesh } from "dockroute";\n${mesh}export const plan = mesh.plan;\n`,
  },
];

const runtimes = {
  nodejs: "nodejs",
  tsx: { name: "nodejs", options: { typescript: false, nodeargs: "--import tsx" } },
};

/** A folder with the package installed by this manager, and a project in it for each language. */
export async function makeProjects(
  folder: string,
  manager: Manager,
  tarball: string,
): Promise<ReadonlyMap<Language, string>> {
  const tools = join(folder, "..", `tools-${manager.name.replace(" ", "-")}`);
  mkdirSync(folder, { recursive: true });
  mkdirSync(tools, { recursive: true });
  if (manager.tool !== undefined) await npmInstall(tools, [manager.tool]);
  const files = { "package.json": JSON.stringify({ name: "theirs", private: true }), ...manager.files };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const packages = ["@pulumi/pulumi", "typescript", "tsx"].map(withVersion);
  const registry = (await run(["npm", "config", "get", "registry"])).trim();
  await run(
    manager.install(
      (name) => join(tools, "node_modules/.bin", name),
      [`dockroute@file:${tarball}`, ...packages],
    ),
    { cwd: folder, env: { ...process.env, YARN_NPM_REGISTRY_SERVER: registry, YARN_ENABLE_TELEMETRY: "0" } },
  );
  return new Map(languages.map((language) => [language, makeProject(folder, language)]));
}

function makeProject(under: string, { name, runtime, type, file, text }: Language): string {
  const folder = join(under, name.toLowerCase().replaceAll(/[^a-z]+/g, "-"));
  mkdirSync(folder, { recursive: true });
  const settings = { name: "theirs", main: file, runtime: runtimes[runtime] };
  writeFileSync(join(folder, "Pulumi.yaml"), JSON.stringify(settings));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "program", private: true, type }));
  writeFileSync(join(folder, file), text);
  return folder;
}

/** Folders for the front of PATH, each with a Node of that major version; the one of this test among them. */
export async function nodes(under: string): Promise<ReadonlyMap<number, readonly string[]>> {
  const found = new Map<number, readonly string[]>();
  const package_ = `node-${process.platform}-${process.arch}`;
  for (const major of [20, 22, 24]) {
    const folder = join(under, `node-${major}`);
    mkdirSync(folder, { recursive: true });
    await npmInstall(folder, [`${package_}@${major}`]);
    found.set(major, [join(folder, "node_modules", package_, "bin")]);
  }
  return found;
}
