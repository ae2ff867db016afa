/** A stack of this checkout, driven by the pulumi command as a person drives it, with a backend of its own. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../../lab/lab.js";
import { type Result, run, tryRun } from "../../lab/run.js";

export const root = join(__dirname, "../..");

export interface Ran extends Result {
  /** Both streams, as a person sees them. */
  readonly text: string;
  readonly seconds: number;
}

/** The values of `dockroute:*`, without the prefix. */
export type Config = Readonly<Record<string, unknown>>;

export class Stack {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;

  private constructor(
    readonly name: string,
    folder: string,
    programs: readonly string[],
    private readonly project: string,
  ) {
    this.folder = folder;
    this.env = {
      ...(process.env as Record<string, string>),
      PATH: [...programs, process.env["PATH"]].join(":"),
      PULUMI_HOME: join(folder, "home"),
      PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "of a test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: "true",
      NO_COLOR: "1",
    };
  }

  static async make(
    name: string,
    folder: string,
    programs: readonly string[],
    config: Config,
    project = root,
  ): Promise<Stack> {
    rmSync(join(folder, name), { recursive: true, force: true });
    mkdirSync(join(folder, name, "state"), { recursive: true });
    const stack = new Stack(name, join(folder, name), programs, project);
    stack.configure(config);
    await run(["pulumi", "stack", "init", name, "--non-interactive"], { cwd: project, env: stack.env });
    // `stack init` writes one beside Pulumi.yaml too; ours is given with --config-file.
    if (project === root) rmSync(join(project, `Pulumi.${name}.yaml`), { force: true });
    return stack;
  }

  /** A stack that an earlier run made. */
  static load(name: string, folder: string, programs: readonly string[], project = root): Stack {
    return new Stack(name, join(folder, name), programs, project);
  }

  /** JSON is YAML: the text that a person would write into Pulumi.NAME.yaml. */
  configure(config: Config): void {
    const keys = Object.entries(config).map(([key, value]) => [
      key.includes(":") ? key : `dockroute:${key}`,
      value,
    ]);
    writeFileSync(this.configFile, JSON.stringify({ config: Object.fromEntries(keys) }, null, 2));
  }

  get configFile(): string {
    return join(this.folder, `Pulumi.${this.name}.yaml`);
  }

  up(...flags: readonly string[]): Promise<Ran> {
    return this.pulumi(["up", "--yes", "--skip-preview", ...this.common, ...flags]);
  }

  preview(...flags: readonly string[]): Promise<Ran> {
    return this.pulumi(["preview", "--diff", ...this.common, ...flags]);
  }

  refresh(...flags: readonly string[]): Promise<Ran> {
    return this.pulumi(["refresh", "--yes", "--skip-preview", ...this.common, ...flags]);
  }

  destroy(...flags: readonly string[]): Promise<Ran> {
    return this.pulumi(["destroy", "--yes", "--skip-preview", ...this.common, ...flags]);
  }

  async outputs(): Promise<Record<string, unknown>> {
    const { stdout } = await this.pulumi(["stack", "output", "--json", "--stack", this.name]);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  async export(): Promise<string> {
    return (await this.pulumi(["stack", "export", "--stack", this.name])).stdout;
  }

  async pulumi(
    words: readonly string[],
    env: Readonly<Record<string, string>> = {},
    input = "",
  ): Promise<Ran> {
    const started = Date.now();
    const result = await tryRun(["pulumi", ...words, "--non-interactive"], {
      cwd: this.project,
      env: { ...this.env, ...env },
      input,
    });
    const seconds = (Date.now() - started) / 1000;
    return { ...result, text: `${result.stdout}${result.stderr}`, seconds };
  }

  /** Another program, as a person runs it in the project's folder. */
  command(argv: readonly string[]): Promise<Result> {
    return tryRun(argv, { cwd: this.project, env: this.env });
  }

  /** Pulumi's own words as a program to be started, for a test that wants to kill it. */
  program(words: readonly string[]): { argv: readonly string[]; env: NodeJS.ProcessEnv; cwd: string } {
    const argv = ["pulumi", ...words, ...this.common, "--non-interactive"];
    return { argv, env: this.env, cwd: this.project };
  }

  /** After a killed run: the backend's lock is nobody's. */
  cancel(): Promise<Ran> {
    return this.pulumi(["cancel", "--yes", "--stack", this.name]);
  }

  private get common(): readonly string[] {
    return ["--stack", this.name, "--config-file", this.configFile, "--suppress-permalink=true"];
  }
}

/** The config of a lab's hosts as a person would write it. */
export function meshConfig(
  lab: Lab,
  names = lab.hosts.map(({ name }) => name),
  pool = "172.30.0.0/16",
): Config {
  return {
    pool,
    connection: { user: "root", privateKeyFile: lab.privateKeyFile, knownHostsFile: lab.knownHostsFile },
    hosts: names.map((name) => ({ name, address: lab.host(name).address })),
  };
}
