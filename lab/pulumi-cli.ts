import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { quote } from "../provider/engine/command.js";
import { cacheFolder, locked } from "./folders.js";
import { ensureGoCommand, type GoCommand } from "./go-build.js";
import { type Log, run, step, tryRun } from "./run.js";

/** Folders of the Pulumi command, for the front of PATH. Empty where all of it is there already. */
export interface Pulumi {
  readonly folders: readonly string[];
}

const version = "3.255.0";
const programs = ["pulumi", "pulumi-language-nodejs"] as const;

const versionFlag = "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=";

const sources: Readonly<Record<(typeof programs)[number], GoCommand>> = {
  pulumi: {
    module: "github.com/pulumi/pulumi/pkg/v3",
    version: `v${version}`,
    command: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    more: "replace github.com/sergi/go-diff => github.com/sergi/go-diff v1.1.0",
    flags: ["-ldflags", `${versionFlag}v${version}`],
  },
  "pulumi-language-nodejs": {
    module: "github.com/pulumi/pulumi/sdk/v3",
    // The last releases with the language host inside the SDK's module; it runs with the present command and SDK.
    version: "v3.68.0",
    command: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    flags: ["-ldflags", `${versionFlag}v3.68.0`],
  },
};

/** Settings of a project's Pulumi.yaml, as flags of the older language host. `runtime: nodejs` needs none. */
const flags = {
  tsx: '-typescript=false -nodeargs "--import tsx"',
  compiled: "-typescript=false",
  nodejs: undefined,
} as const;
type Runtime = keyof typeof flags;

/**
 * The `pulumi` on PATH if there is one, else the cached one, else the vendor's release, else built from Go modules.
 *
 * @param runtime of the projects: programs that run through tsx, compiled ones, or `runtime: nodejs` and no more
 */
export async function ensurePulumi(
  log: Log,
  runtime: Runtime = "tsx",
  signal?: AbortSignal,
): Promise<Pulumi> {
  const provider = dynamicProviderFolder();
  const there = await Promise.all(
    programs.map((name) => tryRun(["sh", "-c", 'command -v "$1"', "sh", name])),
  );
  if (there.every(({ code }) => code === 0)) return { folders: [provider] };
  const folder = cacheFolder("pulumi", version);
  const complete = (): boolean => programs.every((name) => existsSync(join(folder, name)));
  if (!complete()) {
    const make = async (): Promise<void> => {
      if (complete() || (await download(folder, log))) return;
      for (const name of programs) await ensureGoCommand(sources[name], join(folder, name), log, signal);
    };
    await locked(join(cacheFolder("pulumi"), `.${version}.lock`), make, signal);
  }
  const host = withOlderHost(folder, provider, runtime);
  return { folders: [host ?? folder, provider] };
}

/**
 * The language host that can be built is older than the command: it takes the runtime's options of Pulumi.yaml
 * as flags, where the command sends them in a message that it does not know. A wrapper gives them. It is
 * beside a link to the command, which warns of a plugin that is anywhere else. A release brings every plugin, all
 * of its own age, and needs none of this.
 */
function withOlderHost(folder: string, provider: string, runtime: Runtime): string | undefined {
  if (flags[runtime] === undefined || existsSync(join(folder, "pulumi-language-python"))) return undefined;
  const wrapped = join(folder, `wrapped-${runtime}`);
  if (existsSync(wrapped)) return wrapped;
  const temporary = `${wrapped}.${process.pid}`;
  mkdirSync(temporary);
  linkSync(join(folder, "pulumi"), join(temporary, "pulumi"));
  const launcher = "pulumi-resource-pulumi-nodejs";
  copyFileSync(join(provider, launcher), join(temporary, launcher));
  const host = quote([join(folder, "pulumi-language-nodejs")]);
  const text = `#!/bin/sh\nexec ${host} ${flags[runtime]} "$@"\n`;
  writeFileSync(join(temporary, "pulumi-language-nodejs"), text, { mode: 0o755 });
  try {
    renameSync(temporary, wrapped);
  } catch {
    rmSync(temporary, { recursive: true, force: true }); // another process was first
  }
  return wrapped;
}

/** The npm package carries the launcher of dynamic providers; the engine looks for it on PATH. */
function dynamicProviderFolder(): string {
  const folder = dirname(require.resolve("@pulumi/pulumi/package.json"));
  const launcher = join(folder, "pulumi-resource-pulumi-nodejs");
  if ((statSync(launcher).mode & 0o111) === 0) chmodSync(launcher, 0o755);
  return folder;
}

/** The vendor's release, where it can be reached. A machine that cannot is told so within seconds. */
async function download(folder: string, log: Log): Promise<boolean> {
  const machine = process.arch === "arm64" ? "arm64" : "x64";
  const url = `https://get.pulumi.com/releases/sdk/pulumi-v${version}-linux-${machine}.tar.gz`;
  const temporary = `${folder}.tmp`;
  const archive = join(temporary, "release.tar.gz");
  try {
    const answer = await withinSeconds(5, (signal) => fetch(url, { signal }));
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    await step(log, `pulumi ${version} downloaded`, async () => {
      rmSync(temporary, { recursive: true, force: true });
      mkdirSync(temporary, { recursive: true });
      writeFileSync(archive, Buffer.from(await answer.arrayBuffer()));
      await run(["tar", "-xzf", archive, "-C", temporary, "--strip-components=1"]);
      rmSync(archive);
      rmSync(folder, { recursive: true, force: true });
      renameSync(temporary, folder);
    });
    return true;
  } catch (error) {
    const reason =
      error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : error;
    log(`pulumi ${version} cannot be downloaded here (${reason}): building it from its Go modules`);
    return false;
  }
}

/** The answer has to begin by then; what follows it may take longer. */
async function withinSeconds<T>(seconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`no answer in ${seconds} s`)), seconds * 1000);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The environment of a Pulumi project that needs no service: state and settings live in `folder`.
 * - PATH: pulumi, its language host, the launcher of dynamic providers
 * - PULUMI_HOME: plugins, workspaces and credentials, apart from the person's own
 * - PULUMI_BACKEND_URL: a folder as the backend, so no login
 * - PULUMI_CONFIG_PASSPHRASE: the key that encrypts secrets in config and state there
 * - PULUMI_SKIP_UPDATE_CHECK: no question to the vendor at each command
 */
export function pulumiEnv(folder: string, pulumi: Pulumi, passphrase = "lab"): NodeJS.ProcessEnv {
  const home = join(folder, "home");
  const state = join(folder, "state");
  for (const each of [home, state]) mkdirSync(each, { recursive: true });
  return {
    ...process.env,
    PATH: [...pulumi.folders, process.env["PATH"] ?? ""].join(":"),
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_CONFIG_PASSPHRASE: passphrase,
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
}
