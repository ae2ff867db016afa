import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureTools } from "./apt.js";
import { ensureImage, isVm, recipes } from "./images.js";
import { interruptible } from "./interrupt.js";
import { type HostSpec, Lab } from "./lab.js";
import { ensurePulumi } from "./pulumi-cli.js";
import { record } from "./record.js";
import { loud, step } from "./run.js";
import { tearDown } from "./tear-down.js";
import { ensureVmTools } from "./vm.js";

const usage = `npm run lab -- COMMAND

  up --prefix P --hosts NAME=IMAGE,...   makes a lab (images: ${Object.keys(recipes).join(", ")}; IMAGE+PACKAGE adds a package,
                                         IMAGE+vm is a virtual machine with a kernel of its own)
  down [--prefix P | --all]              takes it away, also one whose maker crashed
  list                                   the labs and their hosts
  ssh HOST [COMMAND...]                  logs in over the wire, as root
  exec HOST COMMAND...                   runs something on it, past its network
  reboot HOST                            an orderly restart
  power-cut HOST                         an end without notice; \`boot\` brings it back
  boot HOST                              powers it on
  images [IMAGE...]                      builds images that are not in the cache yet
  record [--images A,B] [--to FOLDER]    saves what the tools on a host say, as test data
  pulumi                                 finds or builds the pulumi command, and prints what goes on PATH
  ground [IMAGE...]                      all of the above that the tests on hosts stand on

HOST is NAME, or PREFIX/NAME where several labs are up.`;

const { values, positionals } = parseArgs({
  // The words after HOST belong to its command, dashes and all.
  args: ownArguments(process.argv.slice(2)).own,
  allowPositionals: true,
  options: {
    prefix: { type: "string" },
    hosts: { type: "string" },
    all: { type: "boolean" },
    images: { type: "string" },
    to: { type: "string" },
  },
});

function ownArguments(all: readonly string[]): { own: string[]; rest: string[] } {
  const cut = all[0] === "ssh" || all[0] === "exec" ? 2 : all.length;
  const rest = all.slice(cut);
  return { own: all.slice(0, cut), rest: rest[0] === "--" ? rest.slice(1) : rest };
}

const commands: Readonly<Record<string, () => Promise<number>>> = {
  up: async () => {
    const lab = await Lab.up({ prefix: values.prefix ?? "lab", hosts: hostSpecs(values.hosts), log: loud });
    await list([lab.prefix]);
    return 0;
  },
  down: async () => {
    const prefixes = values.all === true ? Lab.list() : [values.prefix ?? onlyLab().prefix];
    for (const prefix of prefixes) await step(loud, `lab ${prefix} down`, () => tearDown(prefix));
    return 0;
  },
  list: () => list(Lab.list()),
  ssh: async () => {
    const { lab, name } = findHost();
    const [program = "ssh", ...args] = lab.host(name).sshArgv();
    const { rest } = ownArguments(process.argv.slice(2));
    return spawnSync(program, [...args, ...rest], { stdio: "inherit" }).status ?? 255;
  },
  exec: async () => {
    const { lab, name } = findHost();
    const { rest } = ownArguments(process.argv.slice(2));
    const { code, stdout, stderr } = await lab.host(name).exec(rest.length === 1 ? rest.join() : rest);
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    return code;
  },
  reboot: () => onHost("rebooted", (lab, name) => lab.reboot(name)),
  "power-cut": () => onHost("power cut", (lab, name) => lab.powerCut(name)),
  boot: () => onHost("booted", (lab, name) => lab.boot(name)),
  images: () => images(positionals.length > 1 ? positionals.slice(1) : Object.keys(recipes)),
  record: async () => {
    const images = values.images?.split(",") ?? Object.keys(recipes);
    await record(images, values.to ?? join(__dirname, "..", "test", "fixtures"), loud, values.prefix);
    return 0;
  },
  pulumi: async () => {
    console.log((await ensurePulumi(loud)).folders.join(":"));
    return 0;
  },
  ground: async () => {
    await interruptible((signal) => ensurePulumi(loud, "tsx", signal));
    return images([...Object.keys(recipes), ...positionals.slice(1)]);
  },
};

async function images(names: readonly string[]): Promise<number> {
  await ensureTools(loud);
  if (names.some(isVm)) await ensureVmTools(loud);
  return interruptible(async (signal) => {
    for (const name of names) console.log(name, (await ensureImage(name, loud, signal)).layers.join(":"));
    return 0;
  });
}

async function list(prefixes: readonly string[]): Promise<number> {
  for (const prefix of prefixes) {
    const lab = Lab.load(prefix);
    console.log(`${prefix}  ${lab.subnet}  ssh -F ${join(lab.privateKeyFile, "..", "ssh_config")} HOST`);
    for (const host of lab.hosts) {
      const on = lab.isOn(host.name) ? "on" : "off";
      console.log(`  ${host.name.padEnd(12)} ${host.image.padEnd(12)} ${host.address.padEnd(16)} ${on}`);
    }
  }
  return 0;
}

function hostSpecs(text: string | undefined): HostSpec[] {
  const pairs = (text ?? "alpha=docker20,beta=docker26,gamma=docker28").split(",");
  return pairs.map((pair) => {
    const [name, image] = pair.split("=");
    if (!name || !image) throw new Error(`--hosts wants NAME=IMAGE, not "${pair}"`);
    return { name, image };
  });
}

async function onHost(done: string, work: (lab: Lab, name: string) => Promise<void>): Promise<number> {
  const { lab, name } = findHost();
  await step(loud, `${name} ${done}`, () => work(lab, name));
  return 0;
}

function findHost(): { lab: Lab; name: string } {
  const [first = "", second] = (positionals[1] ?? "").split("/");
  const lab = second === undefined ? onlyLab(values.prefix) : Lab.load(first, loud);
  return { lab, name: second ?? first };
}

function onlyLab(prefix?: string): Lab {
  const labs = prefix === undefined ? Lab.list() : [prefix];
  const [only] = labs;
  if (only === undefined) throw new Error("no lab is up");
  if (labs.length > 1)
    throw new Error(`several labs are up (${labs.join(", ")}): say which, by --prefix or PREFIX/HOST`);
  return Lab.load(only, loud);
}

const command = commands[positionals[0] ?? ""];
if (command === undefined) {
  console.error(usage);
  process.exitCode = 2;
} else {
  command().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : String(error));
      process.exitCode = 1;
    },
  );
}
