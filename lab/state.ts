import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stateFolder } from "./folders.js";

/** A process that can be told from a later one with the same number. */
export interface Process {
  readonly pid: number;
  readonly startTime: string;
}

export interface HostState {
  readonly name: string;
  /** The image's name, and the folders it consists of, the uppermost first. */
  readonly image: string;
  readonly layers: readonly string[];
  /** Debian's release: the way to boot it differs. */
  readonly suite: string;
  /** Position in the lab: its switch port and MAC address come from it. */
  readonly index: number;
  readonly address: string;
  readonly mac: string;
  readonly interface: string;
  /** Its card gets no address from the lab: the host's own network program does that. */
  readonly bareCard?: boolean;
  /** The host's own network program asks the lab's DHCP server. */
  readonly leased?: boolean;
  /** True with an eth1 in the lab's second network. */
  readonly secondCard?: boolean;
  /** True if its card is in the network of the far site. */
  readonly farSite?: boolean;
  /** Of its cards; default the kernel's 1500. */
  readonly mtu?: number;
  /** It has a kernel of its own: a virtual machine, whose disk is a file. */
  readonly vm?: boolean;
}

export interface StrangerState {
  readonly name: string;
  readonly index: number;
  readonly address: string;
  readonly mac: string;
}

export interface LabState {
  readonly prefix: string;
  readonly slot: number;
  /** The wire's network, always a /24. */
  readonly subnet: string;
  /** The folder of the hosts' file systems and the keys. */
  readonly folder: string;
  readonly hosts: readonly HostState[];
  readonly strangers: readonly StrangerState[];
}

const fileOf = (prefix: string): string => join(stateFolder, prefix, "lab.json");

export function labPrefixes(): string[] {
  if (!existsSync(stateFolder)) return [];
  return readdirSync(stateFolder)
    .filter((prefix) => existsSync(fileOf(prefix)))
    .sort();
}

export function readState(prefix: string): LabState | undefined {
  const file = fileOf(prefix);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as LabState) : undefined;
}

export function writeState(state: LabState): void {
  writeWhole(fileOf(state.prefix), `${JSON.stringify(state, null, 2)}\n`);
}

export function forgetState(prefix: string): void {
  rmSync(join(stateFolder, prefix), { recursive: true, force: true });
}

/** A reader, or a next run after a crash, sees the old text or the new one, never a part. */
export function writeWhole(file: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, text, { mode });
  renameSync(`${file}.new`, file);
}

const machineFile = (prefix: string, host: string): string =>
  join(stateFolder, prefix, `${host}.process.json`);

/** The container manager of one host. In a file of its own: hosts boot side by side. */
export function recordManager(prefix: string, host: string, manager: Process): void {
  writeWhole(machineFile(prefix, host), JSON.stringify(manager));
}

export function recordedManager(prefix: string, host: string): Process | undefined {
  const file = machineFile(prefix, host);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Process) : undefined;
}

/** The start of a process in clock ticks since the kernel's start; undefined where there is none, or a zombie. */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

export const isAlive = (process: Process): boolean => startTime(process.pid) === process.startTime;
