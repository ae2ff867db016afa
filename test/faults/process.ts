/** Programs that a test starts so that it can kill them: by their ids, with all that they started. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { Result } from "../../lab/run.js";

export interface Started {
  readonly pid: number;
  readonly ended: Promise<Result>;
  over(): boolean;
}

const running = new Set<number>();

/** For a program that is stopped itself: its children are in process groups of their own. */
export function killAllStarted(): void {
  for (const pid of running) kill(family(pid).keys());
}

export function start(
  argv: readonly string[],
  options: { readonly input?: string; readonly env: NodeJS.ProcessEnv; readonly cwd: string },
): Started {
  const [program = "", ...args] = argv;
  const child: ChildProcess = spawn(program, args, {
    env: options.env,
    cwd: options.cwd,
    stdio: "pipe",
    detached: true,
  });
  const heard = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      heard[stream] += text;
    });
  }
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.input ?? "");
  let over = false;
  if (child.pid !== undefined) running.add(child.pid);
  const ended = new Promise<Result>((resolve, reject) => {
    child.on("error", reject);
    // Not "close": its children may live on and hold its streams.
    child.on("exit", (code, signal) => {
      over = true;
      if (child.pid !== undefined) running.delete(child.pid);
      // The last output may still be on its way.
      setTimeout(() => resolve({ code: code ?? (signal === "SIGKILL" ? 137 : 143), ...heard }), 50);
    });
  });
  return { pid: child.pid ?? 0, ended, over: () => over };
}

/** A process and all that it started, as lines of words by id. */
export function family(pid: number): ReadonlyMap<number, string> {
  const parents = new Map<number, number>();
  const words = new Map<number, string>();
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
      words.set(Number(entry), readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " "));
    } catch {
      // It ended while we looked.
    }
  }
  const found = new Map<number, string>();
  const add = (id: number): void => {
    found.set(id, words.get(id) ?? "");
    for (const [child, parent] of parents) if (parent === id) add(child);
  };
  if (words.has(pid)) add(pid);
  return found;
}

/** True for a process that holds a connection to one of these ports of this machine. */
export function isConnectedTo(pid: number, ports: ReadonlySet<number>): boolean {
  try {
    const table = readFileSync(`/proc/${pid}/net/tcp`, "utf8").split("\n").slice(1);
    const sockets = new Set(
      table.flatMap((line) => {
        const [, , remote = "", state, , , , , , inode] = line.trim().split(/\s+/);
        const port = Number.parseInt(remote.split(":")[1] ?? "", 16);
        return state === "01" && ports.has(port) ? [`socket:[${inode}]`] : [];
      }),
    );
    const open = readdirSync(`/proc/${pid}/fd`).map((name) => readlinkSync(`/proc/${pid}/fd/${name}`));
    return open.some((target) => sockets.has(target));
  } catch {
    // It ended, or closed one, while we looked.
    return false;
  }
}

/** True for a process that waits for its standard input, as our provider does from the moment that it is loaded. */
export function watchesItsInput(pid: number): boolean {
  try {
    const folder = `/proc/${pid}/fdinfo`;
    // Each descriptor that epoll waits for has a line.
    return readdirSync(folder).some((name) => /^tfd: +0 /m.test(readFileSync(join(folder, name), "utf8")));
  } catch {
    // It ended, or closed one, while we looked.
    return false;
  }
}

export function kill(ids: Iterable<number>): void {
  for (const id of ids) {
    try {
      process.kill(id, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
