import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { quote } from "../provider/engine/command.js";
import { foldersOf } from "./disk.js";
import { enter, leaderOf } from "./machine.js";
import { namespaceOf } from "./network.js";
import { type Result, type RunOptions, run, tryRun, until } from "./run.js";
import type { HostState, LabState, StrangerState } from "./state.js";

/** Something to run: an argv, or a line of shell. */
export type Words = string | readonly string[];

const argvOf = (words: Words): readonly string[] => (typeof words === "string" ? ["sh", "-c", words] : words);

/** A machine of the lab, seen from beside it: no call here needs its network or its sshd. */
export class Host {
  constructor(
    private readonly lab: LabState,
    readonly state: HostState,
  ) {}

  get name(): string {
    return this.state.name;
  }

  get address(): string {
    return this.state.address;
  }

  get image(): string {
    return this.state.image;
  }

  /** True for a host with a kernel of its own. */
  get isVm(): boolean {
    return this.state.vm === true;
  }

  /** The name of its network namespace on the outer machine. */
  get namespace(): string {
    return namespaceOf(this.lab, this.name);
  }

  /** Its process 1 as the outer machine numbers it; undefined while it is off, and for a virtual machine. */
  get leader(): number | undefined {
    return leaderOf(this.lab, this.state);
  }

  /** Its file system, readable also while it is off. Of a virtual machine it is the one before the first boot. */
  get root(): string {
    return foldersOf(this.lab, this.state).root;
  }

  /** True where a file or folder is there. @param path without the first slash */
  async has(path: string): Promise<boolean> {
    if (this.state.vm !== true) return existsSync(join(this.root, path));
    return (await this.exec(["test", "-e", `/${path}`])).code === 0;
  }

  get consoleLog(): string {
    return foldersOf(this.lab, this.state).log;
  }

  /** Runs something on it as root and gives its result, whatever the exit code. */
  async exec(words: Words, options: RunOptions = {}): Promise<Result> {
    return enter(this.lab, this.state, argvOf(words), options);
  }

  /** The same for what has to succeed; gives the standard output. */
  async run(words: Words, options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.exec(words, options);
    if (code !== 0)
      throw new Error(`${this.name}: ${quote(argvOf(words))} ended with ${code}: ${stderr || stdout}`);
    return stdout;
  }

  /** The words of `ssh` before a command for it: the lab's key, and a check of the host's. */
  sshArgv(user = "root"): string[] {
    return [
      ...["ssh", "-F", "none", "-i", join(this.lab.folder, "id_ed25519"), "-o", "IdentitiesOnly=yes"],
      ...[
        "-o",
        `UserKnownHostsFile=${join(this.lab.folder, "known_hosts")}`,
        "-o",
        "StrictHostKeyChecking=yes",
      ],
      ...["-o", "LogLevel=ERROR", `${user}@${this.address}`],
    ];
  }

  /** Runs something on it as a person would, over the wire. */
  ssh(words: Words, user = "root", options: RunOptions = {}): Promise<Result> {
    return tryRun([...this.sshArgv(user), typeof words === "string" ? words : quote(words)], options);
  }

  /** The time that it may take to boot. A machine whose processor is translated takes its time. */
  get bootMs(): number {
    return this.isVm ? 400_000 : 90_000;
  }

  /** The seconds that a peer has for an answer. */
  get patience(): number {
    return this.isVm ? 20 : 2;
  }

  /** Waits until people can use it: sshd answers, Docker is active, and there is the image lab/box. */
  async ready(timeoutMs = this.bootMs, signal?: AbortSignal): Promise<void> {
    const pause = this.isVm ? 1000 : undefined;
    await until(`sshd of ${this.name}`, timeoutMs, () => greets(this.address), signal, pause);
    await until(`Docker of ${this.name}`, timeoutMs, () => this.dockerIsUp(), signal, pause);
    const have = await this.exec(
      "docker image inspect lab/box || docker import /usr/local/lib/lab/box.tar lab/box",
    );
    if (have.code !== 0) throw new Error(`${this.name}: no image lab/box: ${have.stderr}`);
  }

  /** Docker that gave up for good will not come up by waiting: its own log has the reason. */
  private async dockerIsUp(): Promise<boolean> {
    const state = (await this.exec(["systemctl", "is-active", "docker"])).stdout.trim();
    if (state !== "failed") return state === "active";
    const said = await this.exec("journalctl -q -o cat _SYSTEMD_UNIT=docker.service -n 3");
    throw new Error(`${this.name}: Docker does not start: ${said.stdout.trim()}`);
  }
}

/** True where an ssh server sends its first line there. */
export function greets(address: string, port = 22): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => end(false));
    socket.once("error", () => end(false));
    socket.once("end", () => end(false));
    socket.once("data", (data) => end(data.toString().startsWith("SSH-")));
  });
}

/** A machine in nobody's plan: a bare namespace at the switch, with the outer machine's programs. */
export class Stranger {
  constructor(
    private readonly lab: LabState,
    readonly state: StrangerState,
  ) {}

  get name(): string {
    return this.state.name;
  }

  get address(): string {
    return this.state.address;
  }

  get namespace(): string {
    return namespaceOf(this.lab, this.name);
  }

  exec(words: Words, options: RunOptions = {}): Promise<Result> {
    return tryRun(["nsenter", `--net=/run/netns/${this.namespace}`, ...argvOf(words)], options);
  }

  run(words: Words, options: RunOptions = {}): Promise<string> {
    return run(["nsenter", `--net=/run/netns/${this.namespace}`, ...argvOf(words)], options);
  }
}
