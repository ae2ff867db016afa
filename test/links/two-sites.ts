/** Two sites with a router between, and a stack whose program can be written anew. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "../../lab/host.js";
import { type HostSpec, Lab } from "../../lab/lab.js";
import { startBox } from "../../lab/probe.js";
import { ensurePulumi } from "../../lab/pulumi-cli.js";
import { quiet, until } from "../../lab/run.js";
import { differences, type Snapshot, snapshot } from "../../lab/snapshot.js";
import { betweenBoxes, places } from "../support/mesh.js";
import { ownProject } from "../support/own-project.js";
import { quickBox } from "../support/scene.js";
import { emptyTable } from "../support/site.js";
import { meshConfig, Stack } from "../support/stack.js";
import { type Options, programOf } from "./program.js";

/** The lab's hosts share a kernel without WireGuard, so they have it as a program. */
const wireguard = (image: string): string => `${image}+wireguard-tools+wireguard-go`;

export const fourHosts: readonly HostSpec[] = [
  { name: "alpha", image: wireguard("docker28") },
  { name: "beta", image: wireguard("docker26") },
  { name: "gamma", image: wireguard("docker29-nft"), farSite: true },
  { name: "delta", image: wireguard("docker20"), farSite: true },
];

/** Two hosts on one wire. */
export const neighbours: readonly HostSpec[] = [
  { name: "alpha", image: wireguard("docker28") },
  { name: "beta", image: wireguard("docker29-nft") },
];

export class TwoSites {
  private constructor(
    readonly lab: Lab,
    readonly stack: Stack,
    private readonly project: string,
    private readonly before: ReadonlyMap<string, Snapshot>,
  ) {}

  static async up(prefix: string, hosts: readonly HostSpec[], options: Options): Promise<TwoSites> {
    const { folders } = await ensurePulumi(quiet);
    const lab = await Lab.up({ prefix, hosts });
    await Promise.all(lab.hosts.map((host) => startBox(host, "box", quickBox)));
    const before = new Map<string, Snapshot>();
    for (const host of lab.hosts) before.set(host.name, await taken(host));
    const project = ownProject("sites", programOf(lab, options));
    const { connection } = meshConfig(lab);
    const stack = await Stack.make(prefix, project, folders, { connection }, project);
    return new TwoSites(lab, stack, project, before);
  }

  /** Writes the program anew. The next `up` makes the hosts so. */
  change(options: Options): void {
    writeFileSync(join(this.project, "index.ts"), programOf(this.lab, options));
  }

  host(name: string): Host {
    return this.lab.host(name);
  }

  /** Every direction between containers by ICMP and TCP, each seen as itself. [] is a whole mesh. */
  async amiss(): Promise<readonly string[]> {
    return betweenBoxes(await places(this.lab.hosts));
  }

  /** Waits until the command finds nothing any more, for as long as the repair may take. */
  async closed(name: string, command: string): Promise<void> {
    const ask = async () => (await this.host(name).exec(command)).stdout === "";
    await until(`${name}: ${command}`, 200_000, ask, undefined, 1000);
  }

  /** The hosts' differences from before the first `up`. */
  async leftovers(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const host of this.lab.hosts) {
      const was = this.before.get(host.name);
      if (was === undefined) throw new Error(`no snapshot of ${host.name}`);
      found.push(...differences(was, await taken(host)).map((line) => `${host.name}: ${line}`));
    }
    return found;
  }

  async down(): Promise<void> {
    await this.lab.down();
    rmSync(this.project, { recursive: true, force: true });
  }
}

function taken(host: Host): Promise<Snapshot> {
  return snapshot(host, { ignore: emptyTable });
}
