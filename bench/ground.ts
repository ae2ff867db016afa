/** The ground that all tools stand on: the same hosts, the same plan, and a wire to each host's sshd. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../lab/lab.js";
import { type Plan, planMesh } from "../provider/plan/index.js";
import { type Traffic, type Wire, wireTo } from "./wire.js";

export const pool = "172.30.0.0/16";

export class Ground {
  private constructor(
    readonly lab: Lab,
    /** For files of the tools. */
    readonly folder: string,
    readonly plan: Plan,
    readonly knownHostsFile: string,
    private readonly wires: ReadonlyMap<string, Wire>,
  ) {}

  static async lay(lab: Lab, folder: string): Promise<Ground> {
    mkdirSync(folder, { recursive: true });
    const wires = new Map<string, Wire>();
    for (const { name, address } of lab.hosts) wires.set(name, await wireTo(address));
    const plan = planMesh({ pool, hosts: lab.hosts.map(({ name, address }) => ({ name, address })) });
    const file = join(folder, "known_hosts");
    const known = readFileSync(lab.knownHostsFile, "utf8").split("\n");
    const lines = lab.hosts.flatMap(({ name, address }) =>
      known
        .filter((line) => line.split(" ")[0]?.split(",").includes(address))
        .map((line) => `[127.0.0.1]:${wires.get(name)?.port} ${line.split(" ").slice(1).join(" ")}`),
    );
    writeFileSync(file, `${lines.join("\n")}\n`);
    return new Ground(lab, folder, plan, file, wires);
  }

  /** From here on a round trip takes so many milliseconds longer than without the wire. */
  set delay(ms: number) {
    for (const wire of this.wires.values()) wire.delay = ms;
  }

  readonly port = (name: string): number => {
    const wire = this.wires.get(name);
    if (wire === undefined) throw new Error(`no wire to ${name}`);
    return wire.port;
  };

  /** The traffic on the wires of these hosts since the last call, a host. */
  take(names: readonly string[]): Traffic {
    const all = [...this.wires].map(([name, wire]) => ({ name, traffic: wire.take() }));
    const own = all.filter(({ name }) => names.includes(name)).map(({ traffic }) => traffic);
    const mean = (of: (one: Traffic) => number): number =>
      own.reduce((sum, one) => sum + of(one), 0) / Math.max(1, own.length);
    return {
      sent: mean(({ sent }) => sent),
      received: mean(({ received }) => received),
      turns: mean(({ turns }) => turns),
      logins: mean(({ logins }) => logins),
    };
  }

  async lift(): Promise<void> {
    for (const wire of this.wires.values()) await wire.close();
  }
}
