/** The packed tarball in a folder of somebody else's, and the examples beside it, as a person has them. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Lab } from "../../lab/lab.js";
import { run } from "../../lab/run.js";
import { type Config, root } from "./stack.js";

/** `npm pack` of this checkout into the folder. */
export async function packed(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  await run(["npm", "pack", "--silent", "--pack-destination", folder], { cwd: root });
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error(`npm pack left nothing in ${folder}`);
  return join(folder, tarball);
}

/** The version of a package that this checkout works with, so that a test does not hang on what comes out tomorrow. */
export function withVersion(name: string): string {
  const { version } = JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")) as {
    version: string;
  };
  return `${name}@${version}`;
}

export async function npmInstall(folder: string, packages: readonly string[]): Promise<void> {
  if (!existsSync(join(folder, "package.json"))) {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "theirs", private: true }));
  }
  const install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefer-offline"];
  await run([...install, ...packages], { cwd: folder });
}

/** Puts this lab's hosts and logins in place of those in the examples. */
function inThisLab(lab: Lab): (text: string) => string {
  const said = new Map([
    ...lab.hosts.map(({ address }, at) => [`192.168.145.${128 + at}`, address] as const),
    ["~/.ssh/id_ed25519", lab.privateKeyFile],
    ["~/.ssh/known_hosts", lab.knownHostsFile],
  ]);
  return (text) => [...said].reduce((all, [from, to]) => all.replaceAll(from, to), text);
}

export interface Example {
  readonly folder: string;
  /** The values of its Pulumi.dev.yaml. */
  readonly config: Config;
}

/** A copy of an example whose hosts are the lab's. Packages are found in a folder above it. */
export function copyExample(name: string, under: string, lab: Lab): Example {
  const folder = join(under, name);
  const change = inThisLab(lab);
  cpSync(join(root, "examples", name), folder, { recursive: true });
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const file of files.filter((each) => /\.(ts|yaml|json)$/.test(each))) {
    const path = join(folder, file);
    writeFileSync(path, change(readFileSync(path, "utf8")));
  }
  const stackFile = join(folder, "Pulumi.dev.yaml");
  if (!existsSync(stackFile)) return { folder, config: {} };
  const { config } = parse(readFileSync(stackFile, "utf8")) as { config: Config };
  return { folder, config };
}
