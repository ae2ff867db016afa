/**
 * `npm run bench`: the cost of an operation of Pulumi's beside the engine's floor, of a mesh beside other tools,
 * and of its packets beside other ways. Writes docs/performance.md.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { interruptible } from "../lab/interrupt.js";
import { Lab } from "../lab/lab.js";
import { ensurePulumi } from "../lab/pulumi-cli.js";
import { loud, run, step } from "../lab/run.js";
import { compare } from "./compare.js";
import { dataPath, startMeasuredBox } from "./data.js";
import { engine } from "./engine.js";
import {
  type Circumstances,
  type Figures,
  load,
  machine,
  readFigures,
  sdk,
  writeFigures,
} from "./figures.js";
import { Ground } from "./ground.js";
import type { Figure } from "./measure.js";
import { type Held, held } from "./memory.js";
import { Meter } from "./meter.js";
import { numbers, parts, runs, type Size, sizes, values } from "./options.js";
import { makePacked } from "./project.js";
import { documents } from "./report.js";
import { reset } from "./reset.js";
import { makeTool, type Programs, type ToolName, toolNames } from "./tools.js";
import { ensureVenv, versions } from "./venv.js";

const root = join(__dirname, "..");
const folder = join(root, ".bench");
const docs = join(root, "docs");
/** Ansible needs Python on a host, and the data path iperf3. */
const images = ["docker26+python3+iperf3", "docker28+python3+iperf3"] as const;

async function main(): Promise<void> {
  const unknown = parts.find((part) => !["engine", "memory", "compare", "data"].includes(part));
  if (unknown !== undefined) throw new Error(`no part "${unknown}": there are engine, memory, compare, data`);
  const { folders } = await ensurePulumi(loud);
  const programs: Programs = {
    pulumi: folders,
    python: parts.includes("compare") ? await ensureVenv(join(folder, "venv"), loud) : "",
    project: await step(loud, "package made", () => makePacked(join(folder, "packed"))),
  };
  const most = Math.max(...sizes.map(({ hosts }) => hosts));
  const wanted = parts.includes("compare") ? most + 1 : parts.includes("engine") ? most : 2;
  const names = Array.from({ length: wanted }, (_, at) => `host-${String(at + 1).padStart(2, "0")}`);
  const hosts = names.map((name, at) => ({ name, image: images[at % images.length] ?? images[0] }));
  const lab = await Lab.up({ prefix: values.prefix, hosts, log: loud });
  await interruptible(async (signal) => {
    const ended = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
    );
    try {
      await Promise.race([allParts(lab, programs), ended]);
    } finally {
      await lab.down();
    }
  });
}

async function allParts(lab: Lab, programs: Programs): Promise<void> {
  await Promise.all(lab.hosts.map((host) => startMeasuredBox(host)));
  const work: Readonly<Record<string, () => Promise<void>>> = {
    engine: async () => publish(await enginePart(lab, programs)),
    memory: async () => publish(await memoryPart(lab, programs)),
    compare: () => comparePart(lab, programs),
    data: async () => publish(await dataPart(lab, programs)),
  };
  // In the order in which they were asked for.
  for (const part of parts) await work[part]?.();
}

async function circumstances<T>(
  programs: readonly string[],
  work: () => Promise<readonly T[]>,
): Promise<Circumstances & { readonly figures: readonly T[] }> {
  const before = load();
  const figures = await work();
  return { machine: machine(), programs, load: [before, load()], figures };
}

async function pulumiVersions({ pulumi }: Programs): Promise<readonly string[]> {
  const env = { ...process.env, PATH: [...pulumi, process.env["PATH"]].join(":") };
  const version = (await run(["pulumi", "version"], { env })).trim().replace(/^v/, "");
  return [`Node ${process.versions.node}`, `Pulumi CLI ${version}`, `SDK ${sdk()}`];
}

async function enginePart(lab: Lab, programs: Programs): Promise<Figures> {
  const work = async (): Promise<readonly Figure[]> => {
    const found: Figure[] = [];
    for (const { hosts, delays } of sizes)
      found.push(...(await engine({ lab, folder, programs, hosts, delays, runs, tell: loud })));
    return found;
  };
  return { engine: await circumstances(await pulumiVersions(programs), work) };
}

async function memoryPart(lab: Lab, programs: Programs): Promise<Figures> {
  const work = async (): Promise<readonly Held[]> => {
    const found: Held[] = [];
    for (const names of numbers(values.names)) {
      found.push(await step(loud, `${names} names looked at`, () => held(lab, folder, programs, names)));
    }
    return found;
  };
  return { memory: await circumstances(await pulumiVersions(programs), work) };
}

/**
 * Published tool by tool: it takes long, and a later one that fails is no reason to lose the others. Figures of
 * sizes and tools that are not asked for stay.
 */
async function comparePart(lab: Lab, programs: Programs): Promise<void> {
  const tools = toolNames.filter((name) => values.tools.split(",").includes(name));
  const used = [...(await pulumiVersions(programs)), await versions(programs.python)];
  const before = load();
  const kept = readFigures().compare?.figures ?? [];
  const isAsked = (hosts: number, tool: ToolName) =>
    tools.includes(tool) && sizes.some((size) => size.hosts === hosts);
  const figures = kept.filter(({ hosts, tool }) => !isAsked(hosts, tool));
  for (const size of sizes) {
    for (const tool of tools) {
      const setting = { lab, folder, programs, tool, ...size, ...delaysOf(tool, size), runs, tell: loud };
      figures.push(...(await compare(setting)));
      await publish({ compare: { machine: machine(), programs: used, load: [before, load()], figures } });
    }
  }
}

/** No delay is met by a provider that meets no host. */
const delaysOf = (tool: ToolName, { delays }: Size): Pick<Size, "delays"> => ({
  delays: tool === "floor" ? delays.slice(0, 1) : delays,
});

async function dataPart(lab: Lab, programs: Programs): Promise<Figures> {
  const ground = await Ground.lay(lab, join(folder, "data"));
  const meter = Meter.make(`${lab.prefix}-meter`, "dynamic-provider");
  try {
    await reset(lab.hosts.slice(0, 2), { bridge: false });
    const tool = await makeTool("dockroute", ground, programs, meter);
    await tool.converge(lab.hosts.slice(0, 2).map(({ name }) => name));
  } finally {
    await ground.lift();
    meter.remove();
  }
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
  const work = () => dataPath(lab, { rounds, seconds, trips: 10_000 }, loud);
  return { data: { ...(await circumstances(["iperf3 of Debian 13"], work)), seconds } };
}

/** After each part, so that one that fails does not lose what was found before. */
async function publish(found: Figures): Promise<void> {
  const figures = { ...readFigures(), ...found };
  if (values.dry) return console.log(documents(found).get("performance.md"));
  writeFigures(figures);
  write(figures);
}

function write(figures: Figures): void {
  for (const [name, text] of documents(figures)) writeFileSync(join(docs, name), text);
}

if (values.only === "report") write(readFigures());
else
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
