import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { archiveLines } from "./apt.js";
import { cacheFolder, locked } from "./folders.js";
import { ensureGoCommand, type GoCommand } from "./go-build.js";
import { buildImage, type Recipe } from "./image-build.js";
import { type Log, removeTree, step } from "./run.js";
import { settleVm, vmPackages } from "./vm-image.js";

const common = [
  "systemd",
  "systemd-sysv",
  "dbus",
  "openssh-server",
  "docker.io",
  "iptables",
  "nftables",
  "iproute2",
  "iputils-ping",
  "procps",
  "kmod",
  "sudo",
  "conntrack",
  "busybox-static",
];
const trixie = [...common, "docker-cli", "linux-sysctl-defaults"];

const docker28: Recipe = {
  suite: "trixie",
  packages: [...trixie, "containerd", "runc"],
  later: { suite: "forky", packages: ["docker.io", "docker-cli", "containerd", "runc"] },
};
const dockerd29: GoCommand = {
  module: "github.com/moby/moby/v2",
  version: "v2.0.0-beta.24",
  command: "github.com/moby/moby/v2/cmd/dockerd",
  flags: [
    ...["-tags", "exclude_graphdriver_btrfs,no_systemd"],
    ...["-ldflags", "-X github.com/moby/moby/v2/dockerversion.Version=29.0.0"],
  ],
};

export const recipes: Readonly<Record<string, Recipe>> = {
  docker20: { suite: "bookworm", packages: common },
  docker26: { suite: "trixie", packages: trixie },
  docker28,
  docker29: { ...docker28, dockerd: dockerd29 },
  "docker29-nft": {
    ...docker28,
    dockerd: dockerd29,
    files: {
      "etc/docker/daemon.json": '{ "firewall-backend": "nftables" }\n',
      // With this backend Docker turns forwarding on no more: it refuses to start until somebody has.
      "etc/sysctl.d/90-forwarding.conf": "net.ipv4.ip_forward = 1\n",
    },
  },
};

/** A recipe, and whether it is to boot with a kernel of its own. */
interface MadeOf extends Recipe {
  readonly vm?: true;
}

export interface Image {
  readonly name: string;
  readonly suite: string;
  /** The folders it consists of, the uppermost first. */
  readonly layers: readonly string[];
  readonly files: Readonly<Record<string, string>>;
}

/** The recipe of `docker26` or, with more packages in it, `docker26+firewalld+ufw`; "vm" is a kernel of its own. */
export function recipeOf(name: string): MadeOf {
  const [row = "", ...extra] = name.split("+");
  const recipe = recipes[row];
  if (recipe === undefined)
    throw new Error(`no image "${row}": there are ${Object.keys(recipes).join(", ")}`);
  const more = extra.flatMap((name) => (name === vm ? vmPackages : [name]));
  return { ...recipe, packages: [...recipe.packages, ...more], ...(isVm(name) ? { vm: true } : {}) };
}

const vm = "vm";

/** True for an image whose hosts have a kernel of their own: `docker28+vm`. */
export const isVm = (image: string): boolean => image.split("+").slice(1).includes(vm);

/** The text of how an image is made is part of its key, so a change there makes new images too. */
function keyOf(recipe: MadeOf): string {
  const { suite, packages, later } = recipe;
  const how = ["image-build.ts", ...(recipe.vm === true ? ["vm-image.ts"] : [])];
  const hash = createHash("sha256").update(JSON.stringify([suite, packages, later]));
  for (const file of how) hash.update(readFileSync(join(__dirname, file)));
  return hash.digest("hex").slice(0, 12);
}

/** The image, with whatever of it is not in the cache yet made first. */
export async function ensureImage(name: string, log: Log, signal?: AbortSignal): Promise<Image> {
  const recipe = recipeOf(name);
  const layers = [await ensureFolder(recipe, log, signal)];
  if (recipe.dockerd !== undefined) layers.unshift(await ensureDockerd(recipe.dockerd, log, signal));
  return {
    name,
    suite: recipe.suite,
    layers,
    files: recipe.files ?? {},
  };
}

/** The packages' part. A killed build leaves a temporary folder, never half an image. */
async function ensureFolder(recipe: MadeOf, log: Log, signal?: AbortSignal): Promise<string> {
  const id = `${recipe.suite}${recipe.later === undefined ? "" : `-${recipe.later.suite}`}-${keyOf(recipe)}`;
  const folder = cacheFolder("images", id);
  if (!existsSync(folder)) {
    const work = async (): Promise<void> => {
      if (existsSync(folder)) return; // another process made it while we waited
      const temporary = cacheFolder("images", `.${id}.tmp`);
      await removeTree(temporary);
      const what = `image of ${recipe.suite} built (${recipe.packages.length} packages asked for)`;
      try {
        await step(log, what, async () => {
          await buildImage(recipe, temporary, archiveLines(recipe.suite), signal);
          if (recipe.vm === true) await settleVm(temporary);
        });
        renameSync(temporary, folder);
      } finally {
        await removeTree(temporary);
      }
    };
    await locked(cacheFolder("images", `.${id}.lock`), work, signal);
  }
  utimesSync(folder, new Date(), new Date());
  return folder;
}

async function ensureDockerd(go: GoCommand, log: Log, signal?: AbortSignal): Promise<string> {
  const layer = cacheFolder("dockerd", go.version);
  await ensureGoCommand(go, join(layer, "usr/sbin/dockerd"), log, signal);
  return layer;
}

/** Removes images that no lab stands on and nobody asked for in a while: a changed recipe leaves its old one behind. */
export async function pruneImages(inUse: readonly string[], days = 7): Promise<void> {
  const images = cacheFolder("images");
  if (!existsSync(images)) return;
  for (const entry of readdirSync(images).filter((name) => !name.startsWith("."))) {
    const folder = join(images, entry);
    const old = Date.now() - statSync(folder).mtimeMs > days * 86_400_000;
    if (old && !inUse.includes(folder)) await removeTree(folder);
  }
}
