/** A lab and stacks for it: every test on real hosts begins with them and takes them away again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lab } from "../../lab/lab.js";
import { startBox } from "../../lab/probe.js";
import { ensurePulumi } from "../../lab/pulumi-cli.js";
import { quiet } from "../../lab/run.js";
import { differences, type Snapshot, snapshot } from "../../lab/snapshot.js";
import { type Config, root, Stack } from "./stack.js";

/** Leftovers of the command `iptables` in a table that it once had a rule in: its chains, empty. */
export const emptyTable =
  /^(raw|filter) :(PREROUTING|INPUT|FORWARD|OUTPUT) ACCEPT$|^table ip (raw|filter)( chain (PREROUTING|INPUT|FORWARD|OUTPUT)(: type.*)?)?$/;

export class Site {
  private constructor(
    readonly lab: Lab,
    readonly folder: string,
    private readonly programs: readonly string[],
  ) {}

  /** @param images by the host's name; each host runs the container `box` unless told otherwise */
  static async up(
    prefix: string,
    images: Readonly<Record<string, string>>,
    { boxes = true, daemonJson = (_at: number): object | undefined => undefined } = {},
  ): Promise<Site> {
    const hosts = Object.entries(images).map(([name, image], at) => {
      const json = daemonJson(at);
      return { name, image, ...(json === undefined ? {} : { daemonJson: json }) };
    });
    const { folders } = await ensurePulumi(quiet);
    const lab = await Lab.up({ prefix, hosts });
    const site = new Site(lab, mkdtempSync(join(tmpdir(), `dockroute-${prefix}-`)), folders);
    if (boxes) await Promise.all(lab.hosts.map((host) => startBox(host)));
    return site;
  }

  /** @param front folders for the very front of PATH */
  stack(name: string, config: Config, front: readonly string[] = [], project = root): Promise<Stack> {
    return Stack.make(name, this.folder, [...front, ...this.programs], config, project);
  }

  /** The state of each host, by name; with names, of those alone. */
  async snapshots(
    names: readonly string[] = this.lab.hosts.map(({ name }) => name),
  ): Promise<ReadonlyMap<string, Snapshot>> {
    const taken = await Promise.all(
      names.map(async (name) => [name, await snapshot(this.lab.host(name), { ignore: emptyTable })] as const),
    );
    return new Map(taken);
  }

  /** The differences from the snapshots: "alpha: + routes: ...". */
  async changedSince(
    before: ReadonlyMap<string, Snapshot>,
    names: readonly string[] = [...before.keys()],
  ): Promise<readonly string[]> {
    const now = await this.snapshots(names);
    return names.flatMap((name) => {
      const [was, is] = [before.get(name), now.get(name)];
      if (was === undefined || is === undefined) throw new Error(`no snapshot of ${name}`);
      return differences(was, is).map((line) => `${name}: ${line}`);
    });
  }

  async down(): Promise<void> {
    await this.lab.down();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
