import { hostname, userInfo } from "node:os";

export const lockTries = 15;
export const secondsATry = 20;

/** The time that a change waits for another process before it gives up. */
export const lockSeconds = lockTries * secondsATry;

/** The process that changes a host, in words, for another one that waits: "ana@laptop, pid 4711, to give docker0 ...". */
export function holder(why: string): string {
  return `${userName()}@${hostname()}, pid ${process.pid}, to ${why}`;
}

/** In a container this process may run as a user that no file names. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}
