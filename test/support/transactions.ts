/** A host on which transactions are made, and clients that are made to die in the middle of one. */
import { equal } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Lab } from "../../lab/lab.js";
import { until } from "../../lab/run.js";
import type { Command } from "../../provider/engine/command.js";
import type { Host, Transaction } from "../../provider/host/host.js";
import { Hosts } from "../../provider/host/hosts.js";

/** The time after which the host undoes a change that nobody confirmed. */
export const seconds = 6;

export const read: Command = { why: "read the state", argv: ["cat", "/root/state"] };
export const write = (text: string): Command => ({
  why: `write the ${text} state`,
  argv: ["tee", "/root/state"],
  stdin: `${text}\n`,
});
export const changed: Transaction = {
  why: "make the state new",
  commands: [write("new")],
  undo: [write("old")],
  verify: async () => {},
};

/** To be called in a `describe`: one host for all of its tests, whose state is "old" before each. */
export function transactions(): TransactionScene {
  const scene = new TransactionScene();
  before(() => scene.up());
  beforeEach(() => scene.begin());
  afterEach(() => scene.end());
  after(() => scene.down());
  return scene;
}

export class TransactionScene {
  /** The client's output. */
  said: string[] = [];
  private made: Lab | undefined;
  private hosts: Hosts | undefined;
  private clients: ChildProcess[] = [];

  get lab(): Lab {
    if (this.made === undefined) throw new Error("the lab is not up");
    return this.made;
  }

  get host(): Host {
    return this.as("root");
  }

  as(user: string): Host {
    if (this.hosts === undefined) throw new Error("no test has begun");
    return this.hosts.get("alpha", this.endpoint.replace("root@", `${user}@`));
  }

  async up(): Promise<void> {
    process.env["DOCKROUTE_UNDO_SECONDS"] = String(seconds);
    const prefix = process.env["LAB_PREFIX"] ?? "transact";
    this.made = await Lab.up({ prefix, hosts: [{ name: "alpha", image: "docker26" }] });
  }

  async begin(): Promise<void> {
    this.said = [];
    this.clients = [];
    this.hosts = new Hosts(
      (key) => (key === "dockroute:connection" ? this.connection : undefined),
      (text) => void this.said.push(text),
    );
    await this.lab.host("alpha").run("echo old >/root/state");
  }

  async end(): Promise<void> {
    for (const client of this.clients) client.kill("SIGKILL");
    await this.hosts?.close();
  }

  async down(): Promise<void> {
    delete process.env["DOCKROUTE_UNDO_SECONDS"];
    await this.made?.down();
  }

  async state(): Promise<string> {
    return (await this.lab.host("alpha").run(["cat", "/root/state"])).trim();
  }

  leftovers(): Promise<string> {
    return this.lab
      .host("alpha")
      .run(
        "find /etc /run -xdev -name '*dockroute*' 2>/dev/null; systemctl list-units --all --plain --no-legend 'dockroute*'; pgrep -fa '[d]ockroute' | grep -v 'find /etc' || true",
      );
  }

  async nothingLeft(): Promise<void> {
    for (let tries = 0; tries < 50 && (await this.leftovers()) !== ""; tries++) await sleep(100);
    equal(await this.leftovers(), "");
  }

  async becomesOld(within: number): Promise<void> {
    await until("the state to be undone", within * 1000, async () => (await this.state()) === "old");
  }

  /** Another process, once it has made the state new and verifies that without an end. */
  async startClient(...alsoUndo: Command[]): Promise<ChildProcess> {
    const program = join(__dirname, "transact.ts");
    const words = [this.endpoint, this.connection, JSON.stringify(alsoUndo)];
    const client = spawn(process.execPath, ["--import", "tsx", program, ...words]);
    this.clients.push(client);
    for await (const chunk of client.stdout) if (String(chunk).includes("verifying")) return client;
    throw new Error("the client ended without verifying");
  }

  async kill(client: ChildProcess): Promise<void> {
    client.kill("SIGKILL");
    await once(client, "exit");
  }

  private get endpoint(): string {
    return `root@${this.lab.host("alpha").address}:22`;
  }

  private get connection(): string {
    const { privateKeyFile, knownHostsFile } = this.lab;
    return JSON.stringify({ privateKeyFile, knownHostsFile, perDialTimeout: 2, dialErrorLimit: 2 });
  }
}
