/** dockroute beside the engine's floor: the rest above the floor is ours. */
import { join } from "node:path";
import type { Lab } from "../lab/lab.js";
import { Stack } from "../test/support/stack.js";
import { makeFloor } from "./floor.js";
import { Ground } from "./ground.js";
import { type Figure, measure, type Pair } from "./measure.js";
import { Meter } from "./meter.js";
import { configOf, metered, type Programs } from "./tools.js";

export interface EngineSetting {
  readonly lab: Lab;
  readonly folder: string;
  readonly programs: Programs;
  readonly hosts: number;
  /** The first is that of the first up and of the destroy. */
  readonly delays: readonly number[];
  readonly runs: number;
  tell(line: string): void;
}

export async function engine(setting: EngineSetting): Promise<readonly Figure[]> {
  const { lab, folder, programs, hosts, delays, runs, tell } = setting;
  const ground = await Ground.lay(lab, folder);
  const meter = Meter.make(`${lab.prefix}-meter`, "dynamic-provider");
  try {
    const front = metered(ground, programs, meter);
    const names = lab.hosts.slice(0, hosts).map(({ name }) => name);
    const config = configOf(ground, names);
    const make = (name: string, project: string) =>
      Stack.make(`${name}${hosts}`, folder, front, config, project);
    const stacks = {
      floor: await make("floor", makeFloor(join(folder, `nothing-${hosts}`))),
      dockroute: await make("packed", programs.project),
    };
    return await allOperations({ stacks, meter, hosts, runs, tell }, ground, delays);
  } finally {
    await ground.lift();
    meter.remove();
  }
}

async function allOperations(
  pair: Pair,
  ground: Ground,
  delays: readonly number[],
): Promise<readonly Figure[]> {
  const [usual = 0] = delays;
  ground.delay = usual;
  const found = [await measure(pair, "first up", usual)];
  for (const delay of delays) {
    ground.delay = delay;
    found.push(await measure(pair, "up, nothing to do", delay));
    found.push(await measure(pair, "refresh", delay));
  }
  ground.delay = usual;
  found.push(await measure(pair, "destroy", usual));
  return found;
}
