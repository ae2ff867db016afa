/** The use of this machine by a program and everything it starts: a cgroup also holds those that outlive it. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { sleep } from "../lab/run.js";

const base = "/sys/fs/cgroup";

export interface Used {
  readonly seconds: number;
  readonly cpu: number;
  /** The most memory that one process whose command line has the watched word held, in MiB. */
  readonly peak: number;
}

export class Meter {
  private constructor(
    private readonly folder: string,
    private readonly watched: string,
  ) {}

  /** @param watched a word of the command line of the processes whose memory is of interest */
  static make(name: string, watched: string): Meter {
    const v1 = join(base, "cpuacct");
    const folder = join(existsSync(v1) ? v1 : base, name);
    mkdirSync(folder, { recursive: true });
    return new Meter(folder, watched);
  }

  /** The same program, inside. */
  argv(argv: readonly string[]): readonly string[] {
    return ["sh", "-c", `echo $$ > ${join(this.folder, "cgroup.procs")}; exec "$@"`, "sh", ...argv];
  }

  /** A folder for PATH with a program of this name that runs the real one inside. */
  wrapper(folder: string, name: string, real: string): string {
    mkdirSync(folder, { recursive: true });
    const text = `#!/bin/sh\necho $$ > ${join(this.folder, "cgroup.procs")}\nexec ${real} "$@"\n`;
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o755);
    return folder;
  }

  /** Measures this work. A process that it leaves running is ended, and counts up to there. */
  async during<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly used: Used }> {
    const before = this.cpu();
    const started = performance.now();
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, this.peakNow());
    }, 50);
    try {
      const result = await work();
      const seconds = (performance.now() - started) / 1000;
      await this.end();
      return { result, used: { seconds, cpu: this.cpu() - before, peak } };
    } finally {
      clearInterval(watch);
      await this.end();
    }
  }

  remove(): void {
    if (existsSync(this.folder)) rmdirSync(this.folder);
  }

  private processes(): readonly number[] {
    const text = readFileSync(join(this.folder, "cgroup.procs"), "utf8");
    return text.split("\n").filter(Boolean).map(Number);
  }

  private cpu(): number {
    const v1 = join(this.folder, "cpuacct.usage");
    if (existsSync(v1)) return Number(readFileSync(v1, "utf8")) / 1e9;
    const stat = readFileSync(join(this.folder, "cpu.stat"), "utf8");
    return Number(/^usage_usec (\d+)/m.exec(stat)?.[1]) / 1e6;
  }

  private peakNow(): number {
    const sizes = this.processes().map((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(this.watched)) return 0;
        return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
      } catch {
        return 0; // it has ended in between
      }
    });
    return Math.max(0, ...sizes);
  }

  /** The masters of ssh's ControlPersist, for one, would serve the next run. */
  private async end(): Promise<void> {
    for (let tries = 0; tries < 50 && this.processes().length > 0; tries++) {
      for (const pid of this.processes()) {
        try {
          process.kill(pid, tries < 20 ? "SIGTERM" : "SIGKILL");
        } catch {
          // it has ended by itself
        }
      }
      await sleep(20);
    }
  }
}

/** The real program behind a name, on these folders. */
export function programIn(folders: readonly string[], name: string): string {
  const found = folders.find((folder) => existsSync(folder) && readdirSync(folder).includes(name));
  if (found === undefined) throw new Error(`no ${name} in ${folders.join(", ")}`);
  return join(found, name);
}
