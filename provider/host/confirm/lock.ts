import { hostname, userInfo } from "node:os";
import { quote } from "../../engine/command.js";

export const lockFile = "/run/dockroute.lock";
const turns = 15;
const secondsATurn = 20;

/** How long a change waits for another process before it gives up. */
export const lockSeconds = turns * secondsATurn;

/** Who asks, in words, for the one who has to wait: "ana@laptop, pid 4711, to give docker0 the address ...". */
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

/**
 * Shell lines that take the host's lock until the script ends. It is a lock of the kernel on an open file:
 * whatever kills the script frees it, and no age of a file has to be guessed. The file is removed by who
 * holds it, so after waiting it must be seen whether it is still the one under this name.
 */
export function takeLock(why: string): readonly string[] {
  return [
    `exec 9>>${lockFile}`,
    "while :; do",
    "turn=0",
    "until flock -w 2 9; do",
    `tell waiting "$(cat ${lockFile})"`,
    `flock -w ${secondsATurn} 9 && break`,
    "turn=$((turn + 1))",
    `if [ "$turn" -ge ${turns} ]; then tell busy "$(cat ${lockFile})"; return 0; fi`,
    "done",
    `[ ${lockFile} -ef /proc/self/fd/9 ] && break`,
    `exec 9>>${lockFile}`,
    "done",
    `printf '%s\\n' ${quote([holder(why)])} >${lockFile}`,
    `trap 'rm -f ${lockFile}' EXIT`,
    "trap 'exit 1' HUP INT PIPE TERM",
  ];
}
