import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeTree, run, tryRun } from "./run.js";
import type { HostState, LabState } from "./state.js";

/** The folders of one host. The files in `upper` and `var` outlive a reboot and a power cut. */
export function foldersOf(lab: LabState, host: HostState) {
  const own = join(lab.folder, "hosts", host.name);
  return {
    own,
    root: join(own, "root"),
    upper: join(own, "upper"),
    work: join(own, "work"),
    docker: join(own, "var", "docker"),
    containerd: join(own, "var", "containerd"),
    log: join(own, "console.log"),
  };
}

/** A cheap copy of the image: reads come from the image, writes go to the host's own folder. */
export async function makeDisk(lab: LabState, host: HostState): Promise<void> {
  const folders = foldersOf(lab, host);
  for (const folder of [folders.root, folders.upper, folders.work, folders.docker, folders.containerd]) {
    mkdirSync(folder, { recursive: true });
  }
  const layers = `lowerdir=${host.layers.join(":")},upperdir=${folders.upper},workdir=${folders.work}`;
  const mounted = await tryRun(["mount", "-t", "overlay", "overlay", "-o", layers, folders.root]);
  if (mounted.code === 0) return;
  // No overlay here (the cache may itself lie on one): a real copy, in more time and space.
  for (const layer of [...host.layers].reverse())
    await run(["cp", "-a", "--reflink=auto", `${layer}/.`, folders.root]);
}

export async function removeDisk(lab: LabState, host: HostState): Promise<void> {
  const folders = foldersOf(lab, host);
  if ((await tryRun(["mountpoint", "-q", folders.root])).code === 0) await run(["umount", folders.root]);
  await removeTree(folders.own);
}

/** Writes the files that make this host itself and no other: name, machine id, its keys and those let in. */
export async function personalise(
  lab: LabState,
  host: HostState,
  files: Readonly<Record<string, string>>,
  setup = "",
): Promise<void> {
  const { root } = foldersOf(lab, host);
  const put = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text, { mode });
  };
  put("etc/hostname", `${host.name}\n`);
  put("etc/hosts", `127.0.0.1 localhost\n127.0.1.1 ${host.name}\n`);
  put(
    "etc/machine-id",
    `${(await run(["cat", "/proc/sys/kernel/random/uuid"])).trim().replaceAll("-", "")}\n`,
  );
  for (const type of ["ed25519", "ecdsa"]) {
    await run([
      "ssh-keygen",
      "-q",
      "-t",
      type,
      "-N",
      "",
      "-C",
      host.name,
      "-f",
      join(root, `etc/ssh/ssh_host_${type}_key`),
    ]);
  }
  const key = readFileSync(join(lab.folder, "id_ed25519.pub"), "utf8");
  for (const [home, owner] of [
    ["root", 0],
    ["home/admin", 1000],
  ] as const) {
    mkdirSync(join(root, home, ".ssh"), { recursive: true, mode: 0o700 });
    put(`${home}/.ssh/authorized_keys`, key, 0o600);
    await run(["chown", "-R", `${owner}:${owner}`, join(root, home, ".ssh")]);
  }
  for (const [path, text] of Object.entries(files)) put(path, text);
  if (setup !== "") await run(["unshare", "--net", "chroot", root, "sh", "-e", "-c", setup]);
}
