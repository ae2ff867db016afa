import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { locked } from "./folders.js";
import { type Log, run, step, tryRun } from "./run.js";

/** A command that can be had as a Go module where it cannot be had as a download. */
export interface GoCommand {
  readonly module: string;
  readonly version: string;
  readonly command: string;
  /** More lines of go.mod: a module's own replaces do not reach whoever requires it. */
  readonly more?: string;
  readonly flags: readonly string[];
}

const goVersion = "1.25.11";

/** Builds the command into `file`, once. Each has a go.mod of its own: their modules need not agree. */
export async function ensureGoCommand(
  go: GoCommand,
  file: string,
  log: Log,
  signal?: AbortSignal,
): Promise<void> {
  if (existsSync(file)) return;
  if ((await tryRun(["sh", "-c", "command -v go"])).code !== 0) {
    throw new Error(
      `${go.command} has to be built: that takes a Go toolchain (${goVersion} or later) on PATH`,
    );
  }
  mkdirSync(dirname(file), { recursive: true });
  await locked(
    `${file}.lock`,
    async () => {
      if (existsSync(file)) return;
      await step(log, `${go.command} ${go.version} built (minutes, the first time)`, () =>
        build(go, file, signal),
      );
    },
    signal,
  );
}

async function build(go: GoCommand, file: string, signal?: AbortSignal): Promise<void> {
  const work = `${file}.build`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work);
  const lines = [
    "module lab.local/build",
    "",
    `go ${goVersion}`,
    "",
    `require ${go.module} ${go.version}`,
    go.more ?? "",
    "",
  ];
  writeFileSync(join(work, "go.mod"), lines.join("\n"));
  try {
    await run(["go", "build", "-mod=mod", ...go.flags, "-o", "command", go.command], {
      cwd: work,
      env: { ...process.env, GOWORK: "off", CGO_ENABLED: "0" },
      ...(signal === undefined ? {} : { signal }),
    });
    renameSync(join(work, "command"), file);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
