import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const base = "/sys/fs/cgroup";

/** The hierarchies that this machine has: one on cgroup v2, a folder each on v1. */
function hierarchies(): string[] {
  if (existsSync(join(base, "cgroup.procs"))) return [base];
  return readdirSync(base)
    .map((name) => join(base, name))
    .filter((path) => existsSync(join(path, "cgroup.procs")));
}

/**
 * Shell text by which a process joins a cgroup of its own in each hierarchy. Hosts in one cgroup would see
 * each other's units, and a unit stopped on one would end the processes of its namesake on the other.
 * Where the outer machine is run by systemd, the container manager gets a scope instead.
 */
export async function joinCgroup(name: string): Promise<string> {
  if (existsSync("/run/systemd/system")) return "";
  const folders = hierarchies().map((hierarchy) => {
    const folder = join(hierarchy, "dockroute-lab", name);
    mkdirSync(folder, { recursive: true });
    for (const level of [join(hierarchy, "dockroute-lab"), folder]) inheritCpuset(level);
    return folder;
  });
  return folders.map((folder) => `echo $$ > ${folder}/cgroup.procs; `).join("");
}

/** A new v1 cpuset is empty, and nothing may run in an empty one. */
function inheritCpuset(folder: string): void {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    const path = join(folder, file);
    if (!existsSync(path) || readFileSync(path, "utf8").trim() !== "") continue;
    writeFileSync(path, readFileSync(join(folder, "..", file), "utf8"));
  }
  const clone = join(folder, "cgroup.clone_children");
  if (existsSync(join(folder, "cpuset.cpus")) && existsSync(clone)) writeFileSync(clone, "1");
}

/** Removes what a host that is off left behind. A cgroup that still has a process stays. */
export async function leaveCgroup(name: string): Promise<void> {
  for (const hierarchy of hierarchies()) removeTree(join(hierarchy, "dockroute-lab", name));
}

function removeTree(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(folder, entry.name));
  }
  try {
    rmdirSync(folder);
  } catch {
    // A process not yet reaped holds it; the next power-on uses it again.
  }
}
