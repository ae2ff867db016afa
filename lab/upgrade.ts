import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "./host.js";
import { ensureImage } from "./images.js";
import { type Log, quiet, run } from "./run.js";

/** Files of Docker's packages on a host that its release decides: programs, and the units that start them. */
const files = [
  ...["dockerd", "docker-proxy", "runc"].map((name) => `usr/sbin/${name}`),
  ...["docker", "docker-init", "containerd", "containerd-shim-runc-v2", "ctr", "runc"].map(
    (name) => `usr/bin/${name}`,
  ),
  ...["docker.service", "docker.socket", "containerd.service"].map(
    (name) => `usr/lib/systemd/system/${name}`,
  ),
];

/**
 * Puts the Docker of another image of the same release in place of the host's own, as its package manager does
 * it: the services stop, the files are replaced, the services start; /etc, /var and the kernel's state stay.
 * `change` is done while Docker is stopped. Gives whether Docker runs afterwards.
 */
export async function exchangeDocker(
  host: Host,
  image: string,
  change = ":",
  log: Log = quiet,
): Promise<boolean> {
  const { layers } = await ensureImage(image, log);
  await host.run("systemctl stop docker.socket docker containerd");
  for (const file of files) {
    const layer = layers.find((folder) => existsSync(join(folder, file)));
    if (layer === undefined) await run(["rm", "-f", join(host.root, file)]);
    else await run(["cp", "-a", "--remove-destination", join(layer, file), join(host.root, file)]);
  }
  await host.run(change);
  const start = "systemctl daemon-reload; systemctl reset-failed docker; systemctl start containerd docker";
  return (await host.exec(start)).code === 0;
}
