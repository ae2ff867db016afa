/** The language host of YAML programs, which every release of Pulumi brings and its Go module of the command does not. */
import { join } from "node:path";
import { cacheFolder } from "./folders.js";
import { ensureGoCommand } from "./go-build.js";
import { type Log, tryRun } from "./run.js";

const version = "1.25.0";
const program = "pulumi-language-yaml";

/** Folders for PATH: none where the host is there already, else the one that it was built into. */
export async function ensureYamlHost(log: Log, folders: readonly string[]): Promise<readonly string[]> {
  const path = [...folders, process.env["PATH"] ?? ""].join(":");
  const there = await tryRun(["sh", "-c", 'command -v "$1"', "sh", program], {
    env: { ...process.env, PATH: path },
  });
  if (there.code === 0) return [];
  const folder = cacheFolder("pulumi", `yaml-${version}`);
  const module = "github.com/pulumi/pulumi-yaml";
  const flags = ["-ldflags", `-X ${module}/pkg/version.Version=v${version}`];
  const go = { module, version: `v${version}`, command: `${module}/cmd/${program}`, flags };
  await ensureGoCommand(go, join(folder, program), log);
  return [folder];
}
