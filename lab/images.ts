import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { archiveLines } from "./apt.js";
import { cacheFolder, locked } from "./folders.js";
import { buildImage } from "./image-build.js";
import { type Log, step } from "./run.js";

/** One kind of host. Whatever is in a row is part of the image's key: a changed row is another image. */
export interface Recipe {
  readonly suite: string;
  readonly packages: readonly string[];
  /** Packages taken from a later release, where the suite's own are too old. */
  readonly later?: { readonly suite: string; readonly packages: readonly string[] };
}

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

export const recipes: Readonly<Record<string, Recipe>> = {
  docker20: { suite: "bookworm", packages: common },
  docker26: { suite: "trixie", packages: trixie },
  docker28: {
    suite: "trixie",
    packages: [...trixie, "containerd", "runc"],
    later: { suite: "forky", packages: ["docker.io", "docker-cli", "containerd", "runc"] },
  },
};

export interface Image {
  readonly name: string;
  readonly folder: string;
  readonly suite: string;
}

/** The recipe of `docker26` or, with more packages in it, `docker26+firewalld+ufw`. */
export function recipeOf(name: string): Recipe {
  const [row = "", ...extra] = name.split("+");
  const recipe = recipes[row];
  if (recipe === undefined)
    throw new Error(`no image "${row}": there are ${Object.keys(recipes).join(", ")}`);
  return { ...recipe, packages: [...recipe.packages, ...extra] };
}

/** The text of how an image is made is part of its key, so a change there makes new images too. */
function keyOf(recipe: Recipe): string {
  const how = readFileSync(join(__dirname, "image-build.ts"));
  return createHash("sha256").update(JSON.stringify(recipe)).update(how).digest("hex").slice(0, 12);
}

/** The image, built first where there is none. A killed build leaves a temporary folder, never half an image. */
export async function ensureImage(name: string, log: Log, signal?: AbortSignal): Promise<Image> {
  const recipe = recipeOf(name);
  const id = `${name}-${keyOf(recipe)}`;
  const images = cacheFolder("images");
  const image = { name, folder: join(images, id), suite: recipe.suite };
  if (existsSync(image.folder)) return image;
  mkdirSync(images, { recursive: true });
  await locked(
    join(images, `.${id}.lock`),
    async () => {
      if (existsSync(image.folder)) return; // another process made it while we waited
      const temporary = join(images, `.${id}.tmp`);
      for (const left of readdirSync(images)) {
        if (left === `.${id}.tmp`) rmSync(join(images, left), { recursive: true, force: true });
      }
      await step(log, `image ${name} (${recipe.suite})`, () =>
        buildImage(recipe, temporary, archiveLines(recipe.suite), signal),
      );
      renameSync(temporary, image.folder);
    },
    signal,
  );
  return image;
}
