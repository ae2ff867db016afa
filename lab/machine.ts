import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { joinCgroup, leaveCgroup } from "./cgroups.js";
import { foldersOf, makeDisk } from "./disk.js";
import { namespaceOf, plugHost } from "./network.js";
import { type Result, type RunOptions, tryRun, until } from "./run.js";
import {
  type HostState,
  isAlive,
  type LabState,
  type Process,
  recordedManager,
  recordManager,
  startTime,
} from "./state.js";
import { powerOnVm, runInVm } from "./vm.js";

/** Powers the host on: a fresh namespace and cable, then its systemd. Returns when its first process runs. */
export async function powerOn(lab: LabState, host: HostState): Promise<void> {
  if (managerOf(lab, host) !== undefined) throw new Error(`${host.name} is on already`);
  if (host.vm === true) return powerOnVm(lab, host);
  await plugHost(lab, host);
  const folders = foldersOf(lab, host);
  if (!existsSync(join(folders.root, "etc"))) await makeDisk(lab, host);
  const name = namespaceOf(lab, host.name);
  const log = openSync(folders.log, "a");
  const child = spawn("sh", ["-c", `${await joinCgroup(name)}exec "$@"`, "sh", ...managerArgv(lab, host)], {
    stdio: ["ignore", log, log],
    detached: true,
    env: { ...process.env, ...managerEnv(host) },
  });
  closeSync(log);
  child.unref();
  child.on("error", () => {}); // seen below: there is no leader then
  if (child.pid === undefined) throw new Error("no container manager could be started");
  recordManager(lab.prefix, host.name, { pid: child.pid, startTime: startTime(child.pid) ?? "" });
  await until(`the first process of ${host.name} (see ${folders.log})`, 20_000, async () => {
    if (managerOf(lab, host) === undefined)
      throw new Error(`${host.name} did not start: ${tail(folders.log)}`);
    return leaderOf(lab, host) !== undefined;
  });
}

function managerArgv(lab: LabState, host: HostState): string[] {
  const folders = foldersOf(lab, host);
  const name = namespaceOf(lab, host.name);
  const scope = existsSync("/run/systemd/system")
    ? // A cgroup of its own that may be divided further, where the outer machine is run by systemd.
      ["systemd-run", "--scope", "--quiet", "-p", "Delegate=yes", `--unit=lab-${name}`]
    : [];
  return [
    ...scope,
    ...["systemd-nspawn", "-q", "-D", folders.root, "-M", name, `--hostname=${host.name}`],
    ...[
      `--network-namespace-path=/run/netns/${name}`,
      "--resolv-conf=off",
      "--timezone=off",
      "--link-journal=no",
    ],
    ...["--boot", "--register=no", "--keep-unit", "--console=read-only", "--kill-signal=SIGRTMIN+3"],
    // Docker makes namespaces, mounts and devices of its own.
    ...["--capability=all", "--system-call-filter=add_key keyctl bpf"],
    // The kernel refuses overlay on overlay: the container engines write to real folders.
    ...[`--bind=${folders.docker}:/var/lib/docker`, `--bind=${folders.containerd}:/var/lib/containerd`],
  ];
}

function managerEnv(host: HostState): Record<string, string> {
  return {
    // Only /proc/sys/net, which is the host's own: the rest of /proc/sys and /sys is the outer machine's.
    SYSTEMD_NSPAWN_API_VFS_WRITABLE: "network",
    // Later systemd refuses to boot on cgroup v1; bookworm's uses what the outer kernel has.
    ...(host.suite === "bookworm" ? {} : { SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: "1" }),
  };
}

export function managerOf(lab: LabState, host: HostState): Process | undefined {
  const manager = recordedManager(lab.prefix, host.name);
  return manager !== undefined && isAlive(manager) ? manager : undefined;
}

/** The host's process 1, as the outer machine numbers it; it sees none of a virtual machine. */
export function leaderOf(lab: LabState, host: HostState): number | undefined {
  const manager = managerOf(lab, host);
  if (manager === undefined || host.vm === true) return undefined;
  return childrenOf(manager.pid).find((pid) => innerNumber(pid) === "1" && startTime(pid) !== undefined);
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .trim()
      .split(" ")
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}

function innerNumber(pid: number): string | undefined {
  try {
    const line = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    const numbers = line?.split(/\s+/) ?? [];
    return numbers.length > 1 ? numbers.at(-1) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The power is cut: every process of the host ends at once, by its first process's end. A virtual machine loses what it
 * had not written yet.
 */
export async function cutPower(lab: LabState, host: HostState): Promise<void> {
  const leader = leaderOf(lab, host);
  if (leader !== undefined) kill(leader, "SIGKILL");
  const manager = managerOf(lab, host);
  if (leader === undefined && manager !== undefined) kill(manager.pid, "SIGKILL");
  await until(`${host.name} to be off`, 20_000, async () => managerOf(lab, host) === undefined);
  await leaveCgroup(namespaceOf(lab, host.name));
}

/** Orderly: the host's systemd is asked, its units stop, and the container manager ends. */
export async function powerOff(lab: LabState, host: HostState, timeoutMs = 60_000): Promise<void> {
  if (managerOf(lab, host) === undefined) return;
  // The answer may be lost on the way down.
  await enter(lab, host, ["systemctl", "poweroff"]).catch(() => {});
  await until(`${host.name} to shut down`, timeoutMs, async () => managerOf(lab, host) === undefined);
  await leaveCgroup(namespaceOf(lab, host.name));
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Runs a program on the host, past the network and sshd. */
export async function enter(
  lab: LabState,
  host: HostState,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<Result> {
  const env = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    LANG: "C.UTF-8",
  };
  const leader = leaderOf(lab, host);
  if (leader === undefined && (host.vm !== true || managerOf(lab, host) === undefined))
    throw new Error(`${host.name} is off`);
  if (leader === undefined) return runInVm(lab, host, argv, { env, ...options });
  const into = ["nsenter", "-t", String(leader), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "--"];
  return tryRun([...into, ...argv], { env, ...options });
}

const tail = (file: string): string => readFileSync(file, "utf8").split("\n").slice(-12).join("\n");
