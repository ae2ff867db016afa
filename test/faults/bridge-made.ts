/** A bench whose docker0 gets its address while something happens at a point that is named by its program. */
import { deepEqual } from "node:assert/strict";
import type { Tried, TryOptions } from "./calls.js";
import type { Fault } from "./faults.js";
import { ResourceBench } from "./resource-bench.js";
import type { Call } from "./tripwire.js";

/** Of the forms of a fault: see faults.ts. */
export const short = 0;
export const long = 1;

export const replaced = /^mv -T \/etc\/docker\/daemon.json/;
export const restarted = /^systemctl restart docker/;
/** The question of a host's timer: does the change still wait for its confirmation? */
export const asked = /^grep -qx # Token/;
export const confirmed = /^rm -f \/etc\/dockroute\/pending\/undo$/;

export class BridgeMade {
  private constructor(
    readonly bench: ResourceBench,
    private readonly calls: readonly Call[],
  ) {}

  static async up(prefix: string): Promise<BridgeMade> {
    process.env["DOCKROUTE_UNDO_SECONDS"] ??= "10";
    const bench = await ResourceBench.up(prefix, "docker28");
    const [bridge] = bench.all;
    if (bridge !== undefined) await bench.choose(bridge);
    return new BridgeMade(bench, await bench.record("create"));
  }

  async down(): Promise<void> {
    delete process.env["DOCKROUTE_UNDO_SECONDS"];
    await this.bench.down();
  }

  /** The oracle finds nothing wrong, and the point was reached at all. */
  async holds(
    fault: Fault,
    at: RegExp,
    variant: number,
    more: Omit<TryOptions, "variant"> = {},
  ): Promise<Tried> {
    const tried = await this.bench.try("create", fault, this.pointOf(at), { ...more, variant });
    deepEqual({ reached: tried.reached, wrong: tried.wrong }, { reached: true, wrong: [] });
    return tried;
  }

  readonly isOld = async (): Promise<readonly string[]> => {
    const docker0 = await this.bench.host.run("ip -4 addr show docker0");
    return docker0.includes("172.30.1.1") ? ["docker0 has the new address"] : [];
  };

  private pointOf(words: RegExp): number {
    const call = this.calls.find((each) => each.changing && words.test(each.words));
    if (call === undefined) throw new Error(`no call like ${words}`);
    return call.n;
  }
}
