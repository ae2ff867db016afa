/** The same hosts made the same mesh by three tools: what each takes for what people do most. */
import type { Lab } from "../lab/lab.js";
import { amiss, strangerFinds } from "../test/support/mesh.js";
import { Ground } from "./ground.js";
import { Meter, type Used } from "./meter.js";
import { drift, reset } from "./reset.js";
import { makeTool, type Programs, type Tool, type ToolName } from "./tools.js";
import type { Traffic } from "./wire.js";

export const cases = [
  "first convergence",
  "nothing to do",
  "one host drifted",
  "one host added",
  "first convergence, docker0 set before",
] as const;
export type Case = (typeof cases)[number];

export interface Compared {
  readonly tool: ToolName;
  readonly hosts: number;
  /** Milliseconds that a round trip takes longer. */
  readonly delay: number;
  readonly case: Case;
  /** One a run. */
  readonly seconds: readonly number[];
  readonly cpu: readonly number[];
  /** MiB of the provider process; none for other tools. */
  readonly peak: number;
  /** A host, of the last run. */
  readonly traffic: Traffic;
}

export interface Setting {
  readonly lab: Lab;
  readonly folder: string;
  readonly programs: Programs;
  readonly tool: ToolName;
  readonly hosts: number;
  readonly delay: number;
  readonly runs: number;
  tell(line: string): void;
}

/** The lab has one host more than the mesh, which is added later. */
export async function compare(setting: Setting): Promise<readonly Compared[]> {
  const ground = await Ground.lay(setting.lab, setting.folder, setting.delay);
  const meter = Meter.make(`${setting.lab.prefix}-meter`, "dynamic-provider");
  try {
    const tool = await makeTool(setting.tool, ground, setting.programs, meter);
    return await allCases(setting, { ground, meter, tool });
  } finally {
    await ground.lift();
    meter.remove();
  }
}

interface Means {
  readonly ground: Ground;
  readonly meter: Meter;
  readonly tool: Tool;
}

async function allCases(setting: Setting, means: Means): Promise<readonly Compared[]> {
  const { lab, hosts, runs } = setting;
  const most = lab.hosts.slice(0, hosts + 1);
  const names = most.map(({ name }) => name);
  const [first, second] = most;
  const part = second && means.ground.plan[second.name]?.subnet;
  if (first === undefined || part === undefined) throw new Error("a mesh has two hosts at least");
  const found: Compared[] = [];
  const measure = async (name: Case, on: readonly string[], times = 1): Promise<void> => {
    found.push(await measured(setting, means, { name, names: on, times }));
  };

  await reset(most, { bridge: false });
  // Each delay has a first convergence without Docker's restarts, which no delay changes.
  await measure("first convergence", names.slice(0, hosts));
  await whole(lab, names.slice(0, hosts));
  await measure("nothing to do", names.slice(0, hosts), runs);
  await drift(first, part);
  await measure("one host drifted", names.slice(0, hosts));
  await whole(lab, names.slice(0, hosts));
  await measure("one host added", names);
  await whole(lab, names);
  await reset(most, { bridge: true });
  await means.tool.forget();
  await measure("first convergence, docker0 set before", names.slice(0, hosts));
  await whole(lab, names.slice(0, hosts));
  return found;
}

interface Measured {
  readonly name: Case;
  readonly names: readonly string[];
  readonly times: number;
}

async function measured(
  { tool: name, hosts, delay, tell }: Setting,
  { ground, meter, tool }: Means,
  { name: what, names, times }: Measured,
): Promise<Compared> {
  const all: Used[] = [];
  let traffic = ground.take(names);
  for (let run = 0; run < times; run++) {
    ground.take(names);
    const { result: changed, used } = await meter.during(() => tool.converge(names));
    traffic = ground.take(names);
    if (changed === (what === "nothing to do"))
      throw new Error(`${name}, ${what}: it changed ${changed ? "something" : "nothing"}`);
    all.push(used);
    tell(`${hosts} hosts, ${delay} ms, ${name}, ${what}: ${used.seconds.toFixed(1)} s`);
  }
  return {
    tool: name,
    hosts,
    delay,
    case: what,
    seconds: all.map(({ seconds }) => seconds),
    cpu: all.map(({ cpu }) => cpu),
    peak: Math.max(...all.map(({ peak }) => peak)),
    traffic,
  };
}

/** All reach all, with their own addresses, and a machine in nobody's plan reaches only what is published. */
async function whole(lab: Lab, names: readonly string[]): Promise<void> {
  const hosts = lab.hosts.filter(({ name }) => names.includes(name));
  const stranger = await lab.stranger("stranger");
  const { unpublished, published } = await strangerFinds(hosts, stranger);
  const wrong = [
    ...(await amiss(hosts)),
    ...unpublished.map((target) => `the stranger reaches ${target}`),
    ...published,
  ];
  if (wrong.length > 0) throw new Error(`the mesh is not whole and narrow:\n${wrong.join("\n")}`);
}
