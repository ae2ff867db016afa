import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheFolder, locked } from "./folders.js";
import { type Log, run, step, tryRun } from "./run.js";

/** Where the Pulumi command is: folders for the front of PATH. Empty where all of it is there already. */
export interface Pulumi {
  readonly folders: readonly string[];
}

const version = "3.255.0";
const programs = ["pulumi", "pulumi-language-nodejs"] as const;

/** A program of its own go.mod, because the two come from releases that do not agree on their modules. */
interface GoProgram {
  readonly name: (typeof programs)[number];
  readonly module: string;
  readonly version: string;
  readonly command: string;
  readonly more: string;
}

const sources: readonly GoProgram[] = [
  {
    name: "pulumi",
    module: "github.com/pulumi/pulumi/pkg/v3",
    version: `v${version}`,
    command: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    // The module's own replace: it does not reach whoever requires the module.
    more: "replace github.com/sergi/go-diff => github.com/sergi/go-diff v1.1.0\n",
  },
  {
    name: "pulumi-language-nodejs",
    module: "github.com/pulumi/pulumi/sdk/v3",
    // The last releases with the language host inside the SDK's module; it runs with the present command and SDK.
    version: "v3.68.0",
    command: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    more: "",
  },
];

/** The `pulumi` on PATH if there is one, else the cached one, else the vendor's release, else built from Go modules. */
export async function ensurePulumi(log: Log): Promise<Pulumi> {
  const provider = dynamicProviderFolder();
  const there = await Promise.all(
    programs.map((name) => tryRun(["sh", "-c", 'command -v "$1"', "sh", name])),
  );
  if (there.every(({ code }) => code === 0)) return { folders: [provider] };
  const folder = cacheFolder("pulumi", version);
  const complete = (): boolean => programs.every((name) => existsSync(join(folder, name)));
  if (!complete()) {
    await locked(`${folder}.lock`, async () => {
      if (complete()) return;
      const temporary = `${folder}.tmp`;
      rmSync(temporary, { recursive: true, force: true });
      mkdirSync(temporary, { recursive: true });
      if (!(await download(temporary, log))) await build(temporary, log);
      rmSync(folder, { recursive: true, force: true });
      renameSync(temporary, folder);
    });
  }
  return { folders: [folder, provider] };
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
  const archive = join(folder, "release.tar.gz");
  try {
    const impatient = new AbortController();
    const timer = setTimeout(() => impatient.abort(new Error("no answer in 5 s")), 5000);
    const answer = await fetch(url, { signal: impatient.signal });
    clearTimeout(timer);
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    await step(log, `pulumi ${version} downloaded`, async () => {
      writeFileSync(archive, Buffer.from(await answer.arrayBuffer()));
      await run(["tar", "-xzf", archive, "-C", folder, "--strip-components=1"]);
      rmSync(archive);
    });
    return true;
  } catch (error) {
    const reason =
      error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : error;
    log(`pulumi ${version} cannot be downloaded here (${reason}): building it from its Go modules`);
    rmSync(archive, { force: true });
    return false;
  }
}

async function build(folder: string, log: Log): Promise<void> {
  if ((await tryRun(["sh", "-c", "command -v go"])).code !== 0) {
    throw new Error(
      "no pulumi command: install Pulumi's, or a Go toolchain (1.25.11 or later) to build it with",
    );
  }
  for (const source of sources) {
    await step(log, `${source.name} ${source.version} built (minutes, the first time)`, () =>
      buildOne(source, folder),
    );
  }
}

async function buildOne(source: GoProgram, folder: string): Promise<void> {
  const work = join(folder, `.${source.name}`);
  mkdirSync(work, { recursive: true });
  const lines = [
    "module lab.local/build",
    "",
    "go 1.25.11",
    "",
    `require ${source.module} ${source.version}`,
    source.more,
  ];
  writeFileSync(join(work, "go.mod"), lines.join("\n"));
  const flag = `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${source.version}`;
  await run(["go", "build", "-mod=mod", "-ldflags", flag, "-o", join(folder, source.name), source.command], {
    cwd: work,
    env: { ...process.env, GOWORK: "off", CGO_ENABLED: "0" },
  });
  rmSync(work, { recursive: true, force: true });
}

/**
 * The environment of a Pulumi project that needs no service: state and settings live in `folder`.
 * - PATH: pulumi, its language host, the launcher of dynamic providers
 * - PULUMI_HOME: plugins, workspaces and credentials, apart from the person's own
 * - PULUMI_BACKEND_URL: a folder as the backend, so no login
 * - PULUMI_CONFIG_PASSPHRASE: what encrypts secrets in config and state there
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
