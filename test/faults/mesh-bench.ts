/** The ground of a whole `up`: hosts, and a stack that names them by wires which can be cut. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Host } from "../../lab/host.js";
import { type HostSpec, Lab } from "../../lab/lab.js";
import { ensurePulumi } from "../../lab/pulumi-cli.js";
import { quiet } from "../../lab/run.js";
import type { Snapshot } from "../../lab/snapshot.js";
import { amiss } from "../support/mesh.js";
import { threeHosts } from "../support/scene.js";
import { type Config, root, Stack } from "../support/stack.js";
import { patience } from "../support/vm.js";
import { equip } from "./bench-host.js";
import { nothingLeft, sameAs, snapshotOf } from "./oracle.js";
import { type Started, start } from "./process.js";
import type { Call, Tripwire } from "./tripwire.js";
import { Wire } from "./wire.js";

export class MeshBench {
  private readonly pristine = new Map<string, Snapshot>();

  private constructor(
    readonly lab: Lab,
    readonly stack: Stack,
    readonly wires: ReadonlyMap<string, Wire>,
    readonly tripwires: ReadonlyMap<string, Tripwire>,
    private readonly folder: string,
    private readonly programs: readonly string[],
  ) {}

  static async up(
    prefix: string,
    specs: readonly HostSpec[] = threeHosts,
    project = root,
  ): Promise<MeshBench> {
    const { folders } = await ensurePulumi(quiet, project === root ? "tsx" : "compiled");
    await Lab.remove(prefix);
    const lab = await Lab.up({ prefix, hosts: specs, log: quiet });
    const wires = new Map<string, Wire>();
    const tripwires = new Map<string, Tripwire>();
    for (const host of lab.hosts) {
      tripwires.set(host.name, await equip(host));
      wires.set(host.name, await Wire.open(host.address));
    }
    const folder = mkdtempSync(join(tmpdir(), `dockroute-${prefix}-`));
    const stack = await Stack.make(prefix, folder, folders, wiredConfig(lab, wires), project);
    const bench = new MeshBench(lab, stack, wires, tripwires, folder, folders);
    for (const host of lab.hosts) bench.pristine.set(host.name, await snapshotOf(host));
    return bench;
  }

  async down(): Promise<void> {
    for (const wire of this.wires.values()) await wire.close();
    await this.lab.down();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** One more stack for the same hosts. */
  another(name: string): Promise<Stack> {
    return Stack.make(name, this.folder, this.programs, wiredConfig(this.lab, this.wires));
  }

  startUp(): Started {
    const { argv, env, cwd } = this.stack.program(["up", "--yes", "--skip-preview", "--continue-on-error"]);
    return start(argv, { env, cwd });
  }

  wire(name: string): Wire {
    return this.wires.get(name) as Wire;
  }

  tripwire(name: string): Tripwire {
    return this.tripwires.get(name) as Tripwire;
  }

  /** Every host's calls during one `up` that nothing disturbs. */
  async record(): Promise<ReadonlyMap<string, readonly Call[]>> {
    await Promise.all([...this.tripwires.values()].map((tripwire) => tripwire.begin()));
    const ran = await this.stack.up("--continue-on-error");
    if (ran.code !== 0) throw new Error(ran.text);
    const traces = await Promise.all(
      [...this.tripwires].map(
        async ([name, tripwire]) =>
          [name, (await tripwire.end()).filter(({ series }) => series === "ssh")] as const,
      ),
    );
    return new Map(traces);
  }

  /** I5: `up` again converges with no step by hand (but `cancel` after a kill), and then nothing is due. */
  async converges(killed: boolean): Promise<readonly string[]> {
    if (killed) await this.stack.cancel();
    const ran = await this.stack.up("--continue-on-error");
    if (ran.code !== 0) return [`I5 up again failed: ${ran.text.slice(-3000)}`];
    return this.stands();
  }

  /** I5: after an `up` that ended well nothing is due, and nothing is left of it but the mesh. */
  async stands(): Promise<readonly string[]> {
    const preview = await this.stack.preview("--expect-no-changes", "--refresh");
    if (preview.code !== 0) return [`I5 the preview after it is not empty: ${preview.text.slice(-3000)}`];
    return this.isLeftWell();
  }

  /** The same by a refresh, which starts no program: of one that an `up` has just brought to its end. */
  async isAsKept(): Promise<readonly string[]> {
    const ran = await this.stack.refresh("--expect-no-changes");
    if (ran.code !== 0) return [`I5 a refresh finds what is not as kept: ${ran.text.slice(-3000)}`];
    return this.isLeftWell();
  }

  private async isLeftWell(): Promise<readonly string[]> {
    const left = await Promise.all(this.lab.hosts.map(nothingLeft));
    return [...(await this.whole()), ...left.flat()];
  }

  async whole(): Promise<readonly string[]> {
    const first = await amiss(this.lab.hosts);
    // A switch may take a moment to learn where a host is that was rebooted.
    return first.length === 0 ? [] : (await amiss(this.lab.hosts)).map((text) => `mesh: ${text}`);
  }

  /** destroy of routes and rules: the bridges stay. */
  async losesRules(): Promise<readonly string[]> {
    const targets = ["PeerRoute", "MasqueradeRule", "ForwardRule"].flatMap((kind) => [
      "--target",
      `**dockroute:${kind}::**`,
    ]);
    const ran = await this.stack.destroy(...targets);
    return ran.code === 0 ? [] : [`I5 destroy of routes and rules failed: ${ran.text.slice(-3000)}`];
  }

  /** destroy, and each host is as it was before the first run. */
  async goesAway(): Promise<readonly string[]> {
    const ran = await this.stack.destroy("--continue-on-error");
    if (ran.code !== 0) return [`I5 destroy failed: ${ran.text.slice(-3000)}`];
    return (await Promise.all(this.lab.hosts.map((host) => this.asBefore(host)))).flat();
  }

  /** The host is as before the first run. */
  asBefore(host: Host): Promise<readonly string[]> {
    return sameAs(this.pristine.get(host.name) as Snapshot, host);
  }

  /** Sets the number of hosts that may restart Docker at the same time. */
  atOnce(maxUnavailable: number): void {
    this.configure({ ...wiredConfig(this.lab, this.wires), maxUnavailable });
  }

  configure(config: Config): void {
    this.stack.configure(config);
  }
}

export function wiredConfig(lab: Lab, wires: ReadonlyMap<string, Wire>, names = [...wires.keys()]): Config {
  return {
    pool: "172.30.0.0/16",
    connection: {
      user: "root",
      privateKeyFile: lab.privateKeyFile,
      dialErrorLimit: 2,
      ...(lab.hosts.some(({ isVm }) => isVm) ? patience : { perDialTimeout: 5 }),
    },
    hosts: names.map((name) => ({
      name,
      address: lab.host(name).address,
      connection: {
        host: "127.0.0.1",
        port: wires.get(name)?.port,
        hostKey: readFileSync(join(lab.host(name).root, "etc/ssh/ssh_host_ed25519_key.pub"), "utf8").trim(),
      },
    })),
  };
}
