import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** The place of things that are slow to make and the same for every lab: images, the Pulumi command. */
export function cacheFolder(...parts: string[]): string {
  const base = process.env["DOCKROUTE_CACHE"] ?? join(homedir(), ".cache", "dockroute");
  return join(base, ...parts);
}

/** The list of labs on this machine. Not in the cache: names of namespaces belong to the whole machine. */
export const stateFolder = "/run/dockroute-lab";

/**
 * Does the work while no other process does work under the same lock. A child holds the kernel's lock for
 * as long as its standard input is open: however this process ends, the lock is free.
 */
export async function locked<T>(file: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  const holder = spawn("flock", [file, "sh", "-c", "echo held; exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    // A group of its own: Ctrl-C is for us, and the lock is held until we have cleaned up.
    detached: true,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once("data", () => resolve());
      holder.once("error", reject);
      holder.once("exit", () => reject(new Error(`the lock ${file} was not had`)));
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    return await work();
  } finally {
    holder.stdin.end();
    holder.kill();
  }
}
