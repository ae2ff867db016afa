/** The same hosts made the same mesh by three tools: the cost of each for the things that people do most. */
import type { Lab } from "../lab/lab.js";
import { Ground } from "./ground.js";
import { Meter, type Used } from "./meter.js";
import { amissIn } from "./probes.js";
import { drift, reset } from "./reset.js";
import { makeTool, type Programs, type Tool, type ToolName } from "./tools.js";
import type { Traffic } from "./wire.js";

export const cases = {
  whole: "first convergence",
  routes: "first convergence, docker0 set before",
  nothing: "nothing to do",
  drifted: "one host drifted",
  added: "one host added",
} as const;
export type Case = (typeof cases)[keyof typeof cases];

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
  /** It has one host more than the mesh, which is added later. */
  readonly lab: Lab;
  readonly folder: string;
  readonly programs: Programs;
  readonly tool: ToolName;
  readonly hosts: number;
  readonly delays: readonly number[];
  readonly runs: number;
  tell(line: string): void;
}

export async function compare(setting: Setting): Promise<readonly Compared[]> {
  const ground = await Ground.lay(setting.lab, setting.folder);
  const meter = Meter.make(`${setting.lab.prefix}-meter`, "dynamic-provider");
  try {
    const tool = await makeTool(setting.tool, ground, setting.programs, meter);
    return await new Comparison(setting, ground, meter, tool).run();
  } finally {
    await ground.lift();
    meter.remove();
  }
}

class Comparison {
  private readonly found: Compared[] = [];
  private readonly names: readonly string[];
  private readonly mesh: readonly string[];

  constructor(
    private readonly setting: Setting,
    private readonly ground: Ground,
    private readonly meter: Meter,
    private readonly tool: Tool,
  ) {
    this.names = setting.lab.hosts.slice(0, setting.hosts + 1).map(({ name }) => name);
    this.mesh = this.names.slice(0, setting.hosts);
  }

  async run(): Promise<readonly Compared[]> {
    const [first] = this.setting.delays;
    for (const delay of this.setting.delays) {
      // Docker's restart takes as long with every delay, so it is a part of the first round alone.
      if (delay === first) {
        await this.reset(this.names, { bridge: false });
        await this.measure(cases.whole, delay);
        await this.whole(this.mesh);
      }
      await this.round(delay);
    }
    return this.found;
  }

  private async round(delay: number): Promise<void> {
    const spare = this.names.slice(this.setting.hosts);
    await this.reset(this.mesh, { bridge: true });
    await this.reset(spare, { bridge: false });
    await this.tool.forget();
    await this.measure(cases.routes, delay);
    await this.whole(this.mesh);
    for (let run = 0; run < this.setting.runs; run++) await this.measure(cases.nothing, delay);
    await this.drifted(delay);
    await this.measure(cases.added, delay, this.names);
    await this.whole(this.names);
  }

  private async drifted(delay: number): Promise<void> {
    const [first, second] = this.mesh;
    if (first === undefined || second === undefined || !this.tool.real) return;
    await drift(this.setting.lab.host(first), this.ground.plan[second]?.subnet ?? "");
    await this.measure(cases.drifted, delay);
    await this.whole(this.mesh);
  }

  private async measure(what: Case, delay: number, names = this.mesh): Promise<void> {
    const { tool, hosts, tell } = this.setting;
    this.ground.delay = delay;
    this.ground.take(names);
    const { result: changed, used } = await this.meter.during(() => this.tool.converge(names));
    const traffic = this.ground.take(names);
    if (changed === (what === cases.nothing))
      throw new Error(`${tool}, ${what}: it changed ${changed ? "something" : "nothing"}`);
    tell(`${hosts} hosts, ${delay} ms, ${tool}, ${what}: ${used.seconds.toFixed(1)} s`);
    this.note({ what, delay, used, traffic });
  }

  private note({ what, delay, used, traffic }: Noted): void {
    const at = this.found.findIndex((one) => one.case === what && one.delay === delay);
    const before = this.found[at];
    const { tool, hosts } = this.setting;
    const now: Compared = {
      ...{ tool, hosts, delay, case: what },
      seconds: [...(before?.seconds ?? []), used.seconds],
      cpu: [...(before?.cpu ?? []), used.cpu],
      peak: Math.max(before?.peak ?? 0, used.peak),
      traffic,
    };
    if (before === undefined) this.found.push(now);
    else this.found[at] = now;
  }

  private hosts(names: readonly string[]) {
    return names.map((name) => this.setting.lab.host(name));
  }

  private async reset(names: readonly string[], how: { readonly bridge: boolean }): Promise<void> {
    if (this.tool.real) await reset(this.hosts(names), how);
  }

  private async whole(names: readonly string[]): Promise<void> {
    if (!this.tool.real) return;
    const stranger = await this.setting.lab.stranger("stranger");
    const wrong = await amissIn(this.hosts(names), stranger);
    if (wrong.length > 0) throw new Error(`the mesh is not whole and narrow:\n${wrong.join("\n")}`);
  }
}

interface Noted {
  readonly what: Case;
  readonly delay: number;
  readonly used: Used;
  readonly traffic: Traffic;
}
