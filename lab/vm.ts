/** Hosts with a kernel of their own: virtual machines in QEMU, by KVM where that boots one, else by its translator. */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { ensurePrograms } from "./apt.js";
import { foldersOf } from "./disk.js";
import { stateFolder } from "./folders.js";
import { runInGuest } from "./guest-agent.js";
import { atSwitch, plugVm, type Tap } from "./network.js";
import { type Log, type Result, type RunOptions, sleep } from "./run.js";
import { type HostState, type LabState, recordManager, startTime, writeWhole } from "./state.js";
import { makeVmDisk, vmFilesOf } from "./vm-disk.js";
import { type Kernel, kernelIn } from "./vm-image.js";

const qemu = "qemu-system-x86_64";

/** Installed only where a lab has such a host. */
export const ensureVmTools = (log: Log): Promise<void> =>
  ensurePrograms(
    [
      [qemu, "qemu-system-x86"],
      ["qemu-img", "qemu-utils"],
      ["mke2fs", "e2fsprogs"],
    ],
    log,
  );

/** Powers the machine on. Its systemd is not up yet then: `runInVm` waits for that. */
export async function powerOnVm(lab: LabState, host: HostState): Promise<void> {
  await makeVmDisk(lab, host);
  const taps = await plugVm(lab, host);
  const kernel = kernelIn(host.layers);
  const accelerator = (await hasKvm(kernel)) ? kvm : translator;
  const log = openSync(foldersOf(lab, host).log, "a");
  // Beside tests that wait for it, it must not take the processor from them.
  const argv = [
    ...atSwitch(lab).slice(1),
    "nice",
    "-n",
    "1",
    ...argvOf(lab, host, kernel, taps, accelerator),
  ];
  const child = spawn("nsenter", argv, { stdio: ["ignore", log, log], detached: true });
  closeSync(log);
  child.unref();
  child.on("error", () => {}); // there is no id then
  if (child.pid === undefined) throw new Error("no QEMU could be started");
  recordManager(lab.prefix, host.name, { pid: child.pid, startTime: startTime(child.pid) ?? "" });
  const { agent } = vmFilesOf(lab, host);
  for (const end = Date.now() + 20_000; !(await listens(agent)); await sleep(50)) {
    if (startTime(child.pid) === undefined || Date.now() > end)
      throw new Error(
        `${host.name} did not start: ${readFileSync(foldersOf(lab, host).log, "utf8").slice(-2000)}`,
      );
  }
}

const kvm = ["-accel", "kvm", "-cpu", "host"];
const translator = ["-accel", "tcg,thread=multi,tb-size=256", "-cpu", "Nehalem"];
const bare = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"];

function argvOf(
  lab: LabState,
  host: HostState,
  { kernel, initrd }: Kernel,
  taps: readonly Tap[],
  accelerator: readonly string[],
): readonly string[] {
  const { disk, agent, monitor } = vmFilesOf(lab, host);
  const mtu = host.mtu === undefined ? "" : `,host_mtu=${host.mtu}`;
  const cards = taps.flatMap(({ name, mac }, at) => [
    ...["-netdev", `tap,id=net${at},ifname=${name},script=no,downscript=no`],
    ...["-device", `virtio-net-pci,netdev=net${at},mac=${mac}${mtu}`],
  ]);
  return [
    ...[qemu, "-name", `${lab.prefix}-${host.name}`, ...accelerator, "-smp", "1", "-m", "1024", ...bare],
    ...["-kernel", kernel, "-initrd", initrd],
    ...["-append", "root=/dev/vda rw console=ttyS0 quiet mitigations=off net.ifnames=0"],
    // A flush brings what QEMU holds back into the file, and waits for no disk of the outer machine: its own power
    // is not what is cut.
    ...["-drive", `file=${disk},format=qcow2,if=virtio,cache=unsafe`],
    ...cards,
    ...["-device", "virtio-rng-pci", "-device", "virtio-serial-pci"],
    ...["-chardev", `socket,id=agent,path=${agent},server=on,wait=off`],
    ...["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"],
    ...[
      "-chardev",
      `file,id=console,path=${foldersOf(lab, host).log},append=on`,
      "-serial",
      "chardev:console",
    ],
    ...["-monitor", `unix:${monitor},server=on,wait=off`],
  ];
}

/** QEMU makes its sockets before it begins; of an earlier life there may be a file where nobody listens. */
function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    for (const event of ["connect", "error"]) socket.once(event, () => socket.destroy());
  });
}

/** A device is not enough: where the outer machine is virtual itself, it may be there and boot no kernel. */
async function hasKvm({ kernel }: Kernel): Promise<boolean> {
  if (!existsSync("/dev/kvm")) return false;
  const known = join(stateFolder, "kvm");
  if (existsSync(known)) return readFileSync(known, "utf8") === "boots";
  const boots = await bootsWithin(8000, kernel);
  mkdirSync(stateFolder, { recursive: true });
  writeWhole(known, boots ? "boots" : "hangs");
  return boots;
}

/** Without a root file system the kernel comes as far as its panic, and QEMU ends. */
function bootsWithin(ms: number, kernel: string): Promise<boolean> {
  const append = ["-append", "console=ttyS0 panic=-1"];
  const argv = [...kvm, "-m", "256", ...bare, "-serial", "stdio", "-kernel", kernel, ...append];
  return new Promise((resolve) => {
    const child = spawn(qemu, argv, { stdio: ["ignore", "pipe", "ignore"] });
    const late = setTimeout(() => child.kill("SIGKILL"), ms);
    let said = "";
    child.stdout.on("data", (text: Buffer) => {
      said += text.toString();
      if (said.includes("Linux version")) child.kill("SIGKILL");
    });
    child.once("error", () => resolve(false));
    child.once("close", () => {
      clearTimeout(late);
      resolve(said.includes("Linux version"));
    });
  });
}

/** Runs a program in it, past its network; waits for its boot. */
export function runInVm(
  lab: LabState,
  host: HostState,
  argv: readonly string[],
  options: RunOptions,
): Promise<Result> {
  return runInGuest(vmFilesOf(lab, host).agent, argv, options);
}

/** The machine's own end of the cable loses or gets its carrier. */
export function setCarrier(lab: LabState, host: HostState, state: "up" | "down"): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: vmFilesOf(lab, host).monitor });
    socket.once("error", reject);
    socket.end(`set_link net0 ${state === "up" ? "on" : "off"}\n`);
    socket.resume().once("close", () => resolve());
  });
}
