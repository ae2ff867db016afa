/** A lab and a stack for it: the beginning of a test on real hosts. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Host, Stranger } from "../../lab/host.js";
import { type HostSpec, Lab } from "../../lab/lab.js";
import { boxOptions, startBox } from "../../lab/probe.js";
import { ensurePulumi } from "../../lab/pulumi-cli.js";
import { loud, quiet, until } from "../../lab/run.js";
import { amiss } from "./mesh.js";
import { serveAtStranger } from "./outside.js";
import { type Config, meshConfig, type Ran, Stack } from "./stack.js";

/** One host of each Docker. */
export const threeHosts: readonly HostSpec[] = [
  { name: "alpha", image: "docker20" },
  { name: "beta", image: "docker26" },
  { name: "gamma", image: "docker28" },
];

/** The web server does not heed a request to stop, and Docker would wait 10 s for it. */
export const quickBox = [...boxOptions, "--stop-timeout", "1"];

export class Scene {
  /** Functions that stop the strangers' servers. */
  private readonly servers: (() => void)[] = [];

  private constructor(
    readonly lab: Lab,
    readonly stack: Stack,
    private readonly folder: string,
    /** Folders for the PATH of pulumi. */
    readonly programs: readonly string[],
  ) {}

  /** Boots the hosts; the stack's config names all of them unless told otherwise. */
  static async set(
    prefix: string,
    hosts: readonly HostSpec[] = threeHosts,
    config: (lab: Lab) => Config = (lab) => meshConfig(lab),
  ): Promise<Scene> {
    const log = process.env["DOCKROUTE_TEST_LOG"] === undefined ? quiet : loud;
    const { folders } = await ensurePulumi(log);
    const lab = await Lab.up({ prefix, hosts, log });
    const folder = join(tmpdir(), `dockroute-${prefix}`);
    return new Scene(lab, await Stack.make(prefix, folder, folders, config(lab)), folder, folders);
  }

  /** A container `box` on each, which comes back after a restart of Docker. */
  async startBoxes(): Promise<void> {
    await Promise.all(this.lab.hosts.map((host) => startBox(host, "box", quickBox)));
  }

  /** `pulumi up` that has to succeed. */
  async up(): Promise<Ran> {
    return succeeded(await this.stack.up("--continue-on-error"));
  }

  async preview(): Promise<Ran> {
    return succeeded(await this.stack.preview());
  }

  async destroy(): Promise<Ran> {
    return succeeded(await this.stack.destroy("--continue-on-error"));
  }

  /** A machine at the switch in nobody's config, with a server that says whom it saw. */
  async outside(name = "outside"): Promise<Stranger> {
    const stranger = await this.lab.stranger(name);
    this.servers.push(await serveAtStranger(stranger));
    return stranger;
  }

  async strike(): Promise<void> {
    for (const stop of this.servers) stop();
    await this.lab.down();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Every direction, ICMP and TCP, own source addresses, published ports; [] is a whole mesh. */
  amiss(): Promise<readonly string[]> {
    return amiss(this.lab.hosts);
  }

  async whole(): Promise<void> {
    assert.deepEqual(await this.amiss(), []);
  }
}

/** Docker runs again, and its container `box` too. */
export async function running(host: Host): Promise<void> {
  await until(`the box of ${host.name}`, 60_000, async () => {
    const asked = await host.exec("systemctl is-active -q docker && docker exec box true");
    return asked.code === 0;
  });
}

export function succeeded(ran: Ran): Ran {
  assert.equal(ran.code, 0, ran.text);
  return ran;
}

/** The logical names of what an up, preview or destroy changed, sorted; the stack itself is no change. */
export function changed({ text }: Ran): readonly string[] {
  const lines = text.matchAll(
    /^ *[-+~]+ +pulumi-nodejs:\S+ (\S+) (?:created|updated|deleted|replaced|\w+ original|create|update|delete|replace)\b/gm,
  );
  return [...new Set([...lines].map(([, name]) => name ?? ""))].sort();
}

/** The dockerd of each host, with the moment of its start: another value is a restart. */
export async function dockers(hosts: readonly Host[]): Promise<readonly string[]> {
  const ask = ["systemctl", "show", "docker", "-p", "MainPID", "-p", "ActiveEnterTimestampMonotonic"];
  return Promise.all(hosts.map(async (host) => `${host.name} ${await host.run(ask)}`));
}
