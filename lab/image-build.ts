import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { acquireOptions, archiveLines } from "./apt.js";
import type { GoCommand } from "./go-build.js";
import { run } from "./run.js";

/** One kind of host. Whatever is in a row is part of the image's key: a changed row is another image. */
export interface Recipe {
  readonly suite: string;
  readonly packages: readonly string[];
  /** Packages taken from a later release, where the suite's own are too old. */
  readonly later?: { readonly suite: string; readonly packages: readonly string[] };
  /** A Docker daemon that no release of Debian has: built from its Go module, laid over the packaged one. */
  readonly dockerd?: GoCommand;
  /** Files a host has where a lab gives it no others of the same path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Makes the file system of one kind of host in `folder`. */
export async function buildImage(
  recipe: Recipe,
  folder: string,
  archive: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "dockroute-image-"));
  const options = signal === undefined ? {} : { signal };
  try {
    const conf = join(scratch, "apt.conf");
    // A release in the making can be past the date in its Release file.
    writeFileSync(conf, [...(await acquireOptions()), 'Acquire::Check-Valid-Until "false";', ""].join("\n"));
    const pins = join(scratch, "preferences");
    writeFileSync(pins, pinsFor(recipe));
    const later = recipe.later === undefined ? [] : firstOf(archiveLines(recipe.later.suite));
    await run(
      [
        "mmdebstrap",
        "--mode=root",
        "--variant=minbase",
        `--aptopt=${conf}`,
        `--include=${recipe.packages.join(",")}`,
        `--setup-hook=mkdir -p "$1/etc/apt/preferences.d" && cp ${pins} "$1/etc/apt/preferences.d/lab"`,
        "--skip=check/empty",
        recipe.suite,
        folder,
        ...archive,
        ...later,
      ],
      options,
    );
    await settle(folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Only the main archive of the later release: it has no -updates or -security of interest. */
const firstOf = (lines: readonly string[]): string[] =>
  lines.filter((line) => !/-(updates|security) main$/.test(line));

function pinsFor(recipe: Recipe): string {
  if (recipe.later === undefined) return "";
  const { suite, packages } = recipe.later;
  return [
    `Package: *\nPin: release n=${suite}\nPin-Priority: 100\n`,
    `Package: ${packages.join(" ")}\nPin: release n=${suite}\nPin-Priority: 990\n`,
  ].join("\n");
}

/** What turns the packages into a host: no traces of the build, a second login, the lab's own unit. */
async function settle(folder: string): Promise<void> {
  const put = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    chmodSync(join(folder, path), mode);
  };
  for (const file of readdirSync(join(folder, "etc/ssh")).filter((name) => name.startsWith("ssh_host_"))) {
    rmSync(join(folder, "etc/ssh", file));
  }
  // A lab host reaches no archive, and the archive's address is the building machine's own affair.
  for (const path of ["sources.list", "sources.list.d", "apt.conf.d/99mmdebstrap", "preferences.d/lab"]) {
    rmSync(join(folder, "etc/apt", path), { recursive: true, force: true });
  }
  put("etc/machine-id", "");
  rmSync(join(folder, "etc/resolv.conf"), { force: true });
  rmSync(join(folder, "etc/hostname"), { force: true });
  await run(["chroot", folder, "useradd", "--create-home", "--shell", "/bin/bash", "admin"]);
  put("etc/sudoers.d/admin", "admin ALL=(ALL) NOPASSWD: ALL\n", 0o440);
  put("usr/local/sbin/lab-cgroup", cgroupScript, 0o755);
  put("etc/systemd/system/lab-cgroup.service", cgroupUnit);
  enable(folder, "lab-cgroup.service", "sysinit.target.wants");
  for (const unit of unwanted) mask(folder, unit);
  await makeBox(folder);
}

function enable(folder: string, unit: string, wants: string): void {
  mkdirSync(join(folder, "etc/systemd/system", wants), { recursive: true });
  symlinkSync(`/etc/systemd/system/${unit}`, join(folder, "etc/systemd/system", wants, unit));
}

function mask(folder: string, unit: string): void {
  const path = join(folder, "etc/systemd/system", unit);
  if (!existsSync(path)) symlinkSync("/dev/null", path);
}

/** The network is laid before the host boots; a console nobody reads and clean-up timers only cost time. */
const unwanted = [
  "systemd-networkd-wait-online.service",
  "console-getty.service",
  "getty@tty1.service",
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "dpkg-db-backup.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  "systemd-firstboot.service",
];

// Where the outer kernel has cgroup v1, the container manager mounts it read-only, and no container can
// start. A plain remount fails (busy), because the file system is mounted elsewhere too; a bind remount works.
const cgroupScript = `#!/bin/sh
[ "$(stat -f -c %T /sys/fs/cgroup)" = tmpfs ] || exit 0
mount -o remount,bind,rw /sys/fs/cgroup
for point in $(awk '$2 ~ "^/sys/fs/cgroup/" { print $2 }' /proc/mounts); do
  mount -o remount,bind,rw "$point"
done
exit 0
`;
const cgroupUnit = `[Unit]
Description=Writable cgroup v1 hierarchies for Docker (lab)
DefaultDependencies=no
Before=sysinit.target docker.service containerd.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/lab-cgroup

[Install]
WantedBy=sysinit.target
`;

/** A container image without a registry: one static program and its many names. */
async function makeBox(folder: string): Promise<void> {
  const box = mkdtempSync(join(tmpdir(), "dockroute-box-"));
  try {
    for (const part of ["bin", "etc", "proc", "sys", "dev", "tmp", "root", "var/www"]) {
      mkdirSync(join(box, part), { recursive: true });
    }
    writeFileSync(join(box, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
    const program = ["usr/bin/busybox", "bin/busybox"].map((path) => join(folder, path)).find(existsSync);
    if (program === undefined) throw new Error("the image has no busybox");
    await run(["cp", program, join(box, "bin/busybox")]);
    const applets = (await run([program, "--list"]))
      .split("\n")
      .filter((name) => name !== "" && name !== "busybox");
    for (const applet of applets) symlinkSync("busybox", join(box, "bin", applet));
    mkdirSync(join(folder, "usr/local/lib/lab"), { recursive: true });
    await run([
      "tar",
      "-C",
      box,
      "--owner=0",
      "--group=0",
      "-cf",
      join(folder, "usr/local/lib/lab/box.tar"),
      ".",
    ]);
  } finally {
    rmSync(box, { recursive: true, force: true });
  }
}
