/** The three tools, each as its user runs it: the hosts of a mesh go in, the mesh is made. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, tryRun } from "../lab/run.js";
import { changed, succeeded } from "../test/support/scene.js";
import { type Config, Stack } from "../test/support/stack.js";
import { makeFloor } from "./floor.js";
import { type Ground, pool } from "./ground.js";
import { type Meter, programIn } from "./meter.js";

export const toolNames = ["dockroute", "ansible", "pyinfra", "floor"] as const;
export type ToolName = (typeof toolNames)[number];

export interface Tool {
  /** True where it does anything at all on a host. */
  readonly real: boolean;
  /** Makes a mesh of these hosts, and tells whether anything was changed. */
  converge(names: readonly string[]): Promise<boolean>;
  /** Afterwards it knows nothing of an earlier run. */
  forget(): Promise<void>;
}

export interface Programs {
  /** Folders of the program pulumi. */
  readonly pulumi: readonly string[];
  /** The folder with the programs of the virtual environment. */
  readonly python: string;
  /** A project folder in which dockroute is installed as a package. */
  readonly project: string;
}

/** @param meter everything that a tool starts runs inside of it */
export function makeTool(name: ToolName, ground: Ground, programs: Programs, meter: Meter): Promise<Tool> {
  return { dockroute, ansible, pyinfra, floor }[name](ground, programs, meter);
}

const dockroute = (ground: Ground, programs: Programs, meter: Meter): Promise<Tool> =>
  stackOf(ground, programs, meter, programs.project);

async function floor(ground: Ground, programs: Programs, meter: Meter): Promise<Tool> {
  const nothing = makeFloor(join(ground.folder, "floor"));
  return { ...(await stackOf(ground, programs, meter, nothing)), real: false };
}

/** Folders for PATH with which pulumi and all that it starts run inside of the meter. */
export function metered(ground: Ground, { pulumi }: Programs, meter: Meter): readonly string[] {
  const real = programIn([...pulumi, ...(process.env["PATH"] ?? "").split(":")], "pulumi");
  return [meter.wrapper(join(ground.folder, "metered"), "pulumi", real), ...pulumi];
}

/** The stack's config, with the wires as the way to each host. */
export function configOf({ lab, knownHostsFile, port }: Ground, names: readonly string[]): Config {
  return {
    pool,
    connection: { user: "root", privateKeyFile: lab.privateKeyFile, knownHostsFile },
    hosts: names.map((name) => ({
      name,
      address: lab.host(name).address,
      connection: { host: "127.0.0.1", port: port(name) },
    })),
  };
}

async function stackOf(ground: Ground, programs: Programs, meter: Meter, project: string): Promise<Tool> {
  const front = metered(ground, programs, meter);
  const fresh = () => Stack.make("compared", ground.folder, front, {}, project);
  let stack = await fresh();
  return {
    real: true,
    async converge(names) {
      stack.configure(configOf(ground, names));
      return changed(succeeded(await stack.up("--continue-on-error"))).length > 0;
    },
    async forget() {
      stack = await fresh();
    },
  };
}

/** The variables of one host, the same for both. */
const facts = ({ lab, plan }: Ground, name: string) => ({
  bip: plan[name]?.bridgeAddress,
  part: plan[name]?.subnet,
  address: lab.host(name).address,
});

async function ansible(ground: Ground, { python }: Programs, meter: Meter): Promise<Tool> {
  const inventory = join(ground.folder, "inventory.json");
  const hostOf = (name: string) => ({
    ansible_host: "127.0.0.1",
    ansible_port: ground.port(name),
    ansible_user: "root",
    ansible_ssh_private_key_file: ground.lab.privateKeyFile,
    ansible_ssh_common_args: `-o UserKnownHostsFile=${ground.knownHostsFile} -o LogLevel=ERROR`,
    ...facts(ground, name),
  });
  const env = {
    ...process.env,
    PATH: `${python}:${process.env["PATH"]}`,
    ANSIBLE_CONFIG: join(__dirname, "playbook", "ansible.cfg"),
    ANSIBLE_HOME: join(ground.folder, "ansible"),
    ANSIBLE_NOCOLOR: "1",
  };
  return {
    real: true,
    async converge(names) {
      const hosts = Object.fromEntries(names.map((name) => [name, hostOf(name)]));
      writeFileSync(inventory, JSON.stringify({ mesh: { hosts, vars: { card: "eth0" } } }, null, 2));
      const argv = [join(python, "ansible-playbook"), "-i", inventory, "site.yml"];
      const said = await run(meter.argv(argv), { env, cwd: join(__dirname, "playbook") });
      return /changed=[1-9]/.test(said);
    },
    forget: async () => {},
  };
}

async function pyinfra(ground: Ground, { python }: Programs, meter: Meter): Promise<Tool> {
  const folder = join(ground.folder, "pyinfra");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const hostOf = (name: string) => ({
    ssh_hostname: "127.0.0.1",
    ssh_port: ground.port(name),
    ssh_user: "root",
    ssh_key: ground.lab.privateKeyFile,
    ssh_known_hosts_file: ground.knownHostsFile,
    ssh_strict_host_key_checking: "yes",
    card: "eth0",
    ...facts(ground, name),
  });
  const deploy = join(__dirname, "pyinfra", "deploy.py");
  const env = { ...process.env, PATH: `${python}:${process.env["PATH"]}`, NO_COLOR: "1" };
  return {
    real: true,
    async converge(names) {
      const mesh = names.map((name) => [name, hostOf(name)]);
      const rows = mesh.map(([name, data]) => `    (${JSON.stringify(name)}, ${JSON.stringify(data)}),\n`);
      writeFileSync(join(folder, "inventory.py"), `mesh = [\n${rows.join("")}]\n`);
      const argv = [join(python, "pyinfra"), "-y", join(folder, "inventory.py"), deploy];
      const { code, stdout, stderr } = await tryRun(meter.argv(argv), { env, cwd: folder });
      const said = `${stdout}${stderr}`;
      if (code !== 0) throw new Error(`pyinfra ended with ${code}: ${said}`);
      return /\] Success/.test(said);
    },
    forget: async () => {},
  };
}
