/** The folder on a host that the shims and the test write to each other in. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "../../lab/host.js";

export interface Desk {
  /** As the host names it. */
  readonly folder: string;
  /** Between two looks at it, in ms. */
  readonly pause: number;
  /** Of the folder itself without a name. */
  has(name?: string): Promise<boolean>;
  read(name: string): Promise<string>;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Takes the folder away, under another name first: a program that counts just now may still put a file there. */
  clear(): Promise<void>;
}

export function deskOf(host: Host): Desk {
  return host.isVm ? inVm(host) : onLab(host);
}

/** The host's file system is a folder of this machine. */
function onLab(host: Host): Desk {
  const folder = "/var/lib/points";
  const path = (name = ""): string => join(host.root, folder, name);
  return {
    folder,
    pause: 10,
    has: async (name) => existsSync(path(name)),
    read: async (name) => readFileSync(path(name), "utf8"),
    write: async (files) => {
      mkdirSync(path(), { recursive: true });
      for (const [name, text] of Object.entries(files)) writeFileSync(path(name), text);
    },
    clear: async () => {
      if (!existsSync(path())) return;
      const away = `${path().replace(/\/$/, "")}.${process.hrtime.bigint()}`;
      renameSync(path(), away);
      rmSync(away, { recursive: true, force: true, maxRetries: 9 });
    },
  };
}

/** In memory: a power cut ends the count and the trap as a whole, where a disk might lose some of their files. */
function inVm(host: Host): Desk {
  const folder = "/run/points";
  return {
    folder,
    pause: 300,
    has: async (name = "") => (await host.exec(["test", "-e", `${folder}/${name}`])).code === 0,
    read: (name) => host.run(["cat", `${folder}/${name}`]),
    write: async (files) => {
      await host.run(["mkdir", "-p", folder]);
      for (const [name, text] of Object.entries(files))
        await host.run(`cat >${folder}/.new; mv ${folder}/.new ${folder}/${name}`, { input: text });
    },
    clear: async () => {
      await host.run(`! [ -e ${folder} ] || { mv ${folder} ${folder}.$$; rm -rf ${folder}.$$; }`);
    },
  };
}
