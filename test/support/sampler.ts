/** Watches the processes of a run from outside: their words and environments in /proc, and their peak of memory. */
import { readdirSync, readFileSync } from "node:fs";

export interface Sampled {
  /** Every command line that was seen. */
  readonly commandLines: ReadonlySet<string>;
  /** Environments by the command line of their process. */
  readonly environments: ReadonlyMap<string, string>;
  /** Bytes, by command line: the most that a process with the mark in its environment has had in memory. */
  readonly memory: ReadonlyMap<string, number>;
}

/** @param mark a text that only the processes of the run have in their environment */
export function sample(mark: string, everyMs = 200): () => Sampled {
  const commandLines = new Set<string>();
  const environments = new Map<string, string>();
  const memory = new Map<string, number>();
  const look = (): void => {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      const line = read(pid, "cmdline").replaceAll("\0", " ").trim();
      if (line === "") continue;
      commandLines.add(line);
      const environment = read(pid, "environ");
      if (!environment.includes(mark)) continue;
      environments.set(line, environment);
      const kilobytes = Number(/^VmHWM:\s+(\d+)/m.exec(read(pid, "status"))?.[1] ?? 0);
      memory.set(line, Math.max(memory.get(line) ?? 0, kilobytes * 1024));
    }
  };
  const timer = setInterval(look, everyMs);
  return () => {
    clearInterval(timer);
    return { commandLines, environments, memory };
  };
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    // It ended in between.
    return "";
  }
}
