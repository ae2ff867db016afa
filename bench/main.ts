/** `npm run bench`: what an operation of Pulumi's takes on 4 and on 8 hosts, beside the engine's floor. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Lab } from "../lab/lab.js";
import { startBox } from "../lab/probe.js";
import { ensurePulumi } from "../lab/pulumi-cli.js";
import { loud, run, step } from "../lab/run.js";
import { type Config, meshConfig, Stack } from "../test/support/stack.js";
import { chart } from "./chart.js";
import { makeFloor } from "./floor.js";
import { type Figure, measure } from "./measure.js";
import { load, machine, report } from "./report.js";

const root = join(__dirname, "..");
const folder = join(root, ".bench");
const docs = join(root, "docs");
const prefix = "bench";
const images = ["docker26", "docker28", "docker20"] as const;

const { values } = parseArgs({
  options: {
    hosts: { type: "string", default: "4,8" },
    runs: { type: "string", default: "3" },
    /** Leaves docs/ as it is. */
    dry: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  const sizes = values.hosts.split(",").map(Number);
  const before = load();
  const { folders } = await ensurePulumi(loud);
  const names = Array.from({ length: Math.max(...sizes) }, (_, at) => `host-${at + 1}`);
  const hosts = names.map((name, at) => ({ name, image: images[at % images.length] ?? "docker26" }));
  const lab = await Lab.up({ prefix, hosts, log: loud });
  try {
    await Promise.all(lab.hosts.map((host) => startBox(host)));
    const figures: Figure[] = [];
    for (const size of sizes) figures.push(...(await measureSize(lab, names.slice(0, size), folders)));
    await publish(figures, folders, before);
  } finally {
    await lab.down();
  }
}

async function measureSize(
  lab: Lab,
  names: readonly string[],
  folders: readonly string[],
): Promise<readonly Figure[]> {
  const size = names.length;
  const config: Config = meshConfig(lab, [...names]);
  const floorProject = makeFloor(join(folder, `floor-${size}`));
  const dockroute = await Stack.make(`bench${size}`, folder, folders, config);
  const floor = await Stack.make(`floor${size}`, folder, folders, config, floorProject);
  return step(loud, `${size} hosts measured`, () =>
    measure({ dockroute, floor }, size, Number(values.runs), loud),
  );
}

async function publish(
  figures: readonly Figure[],
  folders: readonly string[],
  before: string,
): Promise<void> {
  const env = { ...process.env, PATH: [...folders, process.env["PATH"]].join(":") };
  const version = (await run(["pulumi", "version"], { env })).trim().replace(/^v/, "");
  const text = report(figures, machine(version), [before, load()]);
  console.log(text);
  if (values.dry) return;
  mkdirSync(docs, { recursive: true });
  writeFileSync(join(docs, "performance.md"), text);
  writeFileSync(join(docs, "performance.svg"), chart(figures));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
