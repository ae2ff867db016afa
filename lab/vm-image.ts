/** What a host with a kernel of its own has beside what others have: `docker28+vm`. */
import { readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.js";

/** Debian's kernel without drivers for hardware, what it asks of the programs, and who runs commands for the lab. */
export const vmPackages = [
  "linux-image-cloud-amd64",
  "initramfs-tools",
  "udev",
  "qemu-guest-agent",
  // With AppArmor in the kernel, `docker run` fails without its parser.
  "apparmor",
  "wireguard-tools",
];

export interface Kernel {
  readonly kernel: string;
  readonly initrd: string;
}

/** QEMU is given both, so the disk has no boot loader. */
export function kernelIn(layers: readonly string[]): Kernel {
  for (const layer of layers.map((folder) => join(folder, "boot"))) {
    const find = (name: string): string | undefined => namesIn(layer).find((each) => each.startsWith(name));
    const [kernel, initrd] = [find("vmlinuz-"), find(initrdName)];
    if (kernel !== undefined && initrd !== undefined)
      return { kernel: join(layer, kernel), initrd: join(layer, initrd) };
  }
  throw new Error(`no kernel in ${layers.join(", ")}`);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** What makes the packages boot in QEMU, and soon: its processor may be translated. */
export async function settleVm(folder: string): Promise<void> {
  await run(["chroot", folder, "sh", "-e", "-c", makeInitrd]);
  for (const unit of unwanted) {
    const path = join(folder, "etc/systemd/system", unit);
    rmSync(path, { force: true });
    symlinkSync("/dev/null", path);
  }
  // Newer than /usr: else the first boot makes what a package's installation has made already.
  for (const file of ["etc/.updated", "var/.updated"]) writeFileSync(join(folder, file), "");
}

export const initrdName = "initrd.lab";

/** The disk's drivers and a shell. The distribution's has udev and more, which would be read, unpacked and run at each boot. */
const makeInitrd = `
kernel=$(ls /lib/modules)
new=$(mktemp -d)
mkdir $new/bin $new/dev $new/root
busybox=$(command -v busybox)
cp $busybox $new/bin/busybox
printf '#!/bin/busybox sh\\nb=/bin/busybox\\n$b mount -t devtmpfs dev /dev\\n' >$new/init
number=0
for path in $(modprobe -S $kernel --show-depends -a virtio_pci virtio_blk ext4 | sed -n 's/^insmod \\([^ ]*\\).*/\\1/p' | awk '!seen[$0]++'); do
  number=$((number + 1))
  case $path in *.xz) busybox xzcat $path ;; *) cat $path ;; esac >$new/$number.ko
  echo '$b insmod /'$number.ko >>$new/init
done
cat >>$new/init <<'END'
until [ -b /dev/vda ]; do $b sleep 0.1; done
$b mount -t ext4 /dev/vda /root
$b mount --move /dev /root/dev
exec $b switch_root /root /sbin/init
END
chmod 755 $new/init
(cd $new; find . | busybox cpio -o -H newc >/boot/${initrdName})
rm -rf $new /boot/initrd.img-*
`;

/** The profiles of AppArmor are compiled at each boot: Docker loads its own, and no other is needed here. */
const unwanted = [
  "apparmor.service",
  "serial-getty@ttyS0.service",
  "lab-cgroup.service",
  "systemd-pstore.service",
  "systemd-random-seed.service",
  "dev-hugepages.mount",
  "sys-kernel-config.mount",
  "sys-kernel-debug.mount",
  "sys-kernel-tracing.mount",
  "sys-fs-fuse-connections.mount",
  ...["configfs", "drm", "fuse", "efi_pstore"].map((name) => `modprobe@${name}.service`),
];
