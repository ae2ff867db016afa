/** Shared by the specs of test/cases: hosts as people have them, and the things that an up must leave there. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Host, Stranger } from "../../lab/host.js";
import type { HostSpec, Lab } from "../../lab/lab.js";
import { fromBox } from "../../lab/probe.js";
import type { Result } from "../../lab/run.js";
import { Scene } from "./scene.js";
import { type Config, meshConfig, type Ran, root } from "./stack.js";

/** Two hosts of one mesh. In most cases `alpha` is as somebody has it, and `beta` is its plain peer. */
export function pair(alpha: Partial<HostSpec> = {}, beta: Partial<HostSpec> = {}): readonly HostSpec[] {
  return [
    { name: "alpha", image: "docker26", ...alpha },
    { name: "beta", image: "docker28", ...beta },
  ];
}

/** @param row of the case, short: it names the lab too. @param config more than the hosts and the pool */
export function sceneOf(row: string, hosts = pair(), config: Config = {}): Promise<Scene> {
  const whole = (lab: Lab): Config => ({ ...meshConfig(lab), ...config });
  return Scene.set(process.env["LAB_PREFIX"] ?? `case${row}`, hosts, whole);
}

/** Networks that users create get their ranges from the host's own part. */
export const hostPrefix20: Config = { hostPrefix: 20 };

/** Starts dockerd with more flags by a drop-in of docker.service, as people add them. Gives the drop-in's path. */
export async function dockerdFlags(
  host: Host,
  flags: readonly string[],
  name = "flags.conf",
): Promise<string> {
  return dropIn(host, ["ExecStart=", `ExecStart=${await execStart(host)} ${flags.join(" ")}`], name);
}

/** A drop-in of docker.service with these lines of [Service], and Docker restarted with it. Gives its path. */
export async function dropIn(host: Host, lines: readonly string[], name = "own.conf"): Promise<string> {
  const file = `/etc/systemd/system/docker.service.d/${name}`;
  await host.run(`mkdir -p ${file.slice(0, file.lastIndexOf("/"))}; cat > ${file}`, {
    input: ["[Service]", ...lines, ""].join("\n"),
  });
  await restartDocker(host);
  return file;
}

/** The ExecStart of the package's own docker.service. */
export async function execStart(host: Host): Promise<string> {
  return (await host.run("sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/docker.service")).trim();
}

/** Writes daemon.json as somebody did before dockroute came, and restarts Docker with it. */
export async function daemonJson(host: Host, content: object | string): Promise<void> {
  const text = typeof content === "string" ? content : `${JSON.stringify(content, null, 2)}\n`;
  await host.run("mkdir -p /etc/docker; cat > /etc/docker/daemon.json", { input: text });
  await restartDocker(host);
}

export async function restartDocker(host: Host): Promise<void> {
  // systemd gives up after three starts in a minute, the good ones counted.
  await host.run("systemctl daemon-reload; systemctl reset-failed docker; systemctl restart docker");
}

/** Things that a refused change leaves as they are. */
export interface Standing {
  /** dockerd's process and the moment of its start: another value is a restart. */
  readonly dockerd: string;
  /** The number of times that systemd began to start Docker since the boot, a failed start included. */
  readonly starts: number;
  readonly docker0: readonly string[];
  /** Owner, mode and bytes. */
  readonly daemonJson: string;
  /** The running containers with the moment of their start. */
  readonly containers: readonly string[];
}

export async function standing(host: Host): Promise<Standing> {
  const lines = async (command: string) => (await host.run(command)).split("\n").filter(Boolean).sort();
  const file = "/etc/docker/daemon.json";
  return {
    dockerd: await host.run("systemctl show docker -p MainPID -p ActiveEnterTimestampMonotonic"),
    starts: await dockerStarts(host),
    docker0: await lines("ip -4 -o addr show docker0 2>/dev/null | awk '{ print $4 }'"),
    daemonJson: await host.run(
      `if [ -e ${file} ]; then stat -c '%U:%G %a' ${file}; cat ${file}; else echo absent; fi`,
    ),
    containers: await lines(
      "docker ps -q --no-trunc | xargs -r docker inspect -f '{{.Name}} {{.State.StartedAt}}'",
    ),
  };
}

/** The number of times that systemd began to start Docker since the host's boot. */
export async function dockerStarts(host: Host): Promise<number> {
  const journal = "journalctl -q -b -o cat _PID=1 UNIT=docker.service";
  const count = `${journal} | grep -c '^Starting ' || :`;
  return Number((await host.run(count)).trim());
}

/** A noun of a message: a piece of its text, or a pattern where the form is open. */
export type Noun = string | RegExp;

/** The nouns that no message of the run has; messages are wrapped at any space. */
export function unsaid({ text }: { readonly text: string }, nouns: readonly Noun[]): readonly string[] {
  const flat = text.replace(/\s+/g, " ");
  const missing = nouns.filter((noun) =>
    typeof noun === "string" ? !flat.includes(noun) : !noun.test(flat),
  );
  return missing.map(String);
}

/** The run names the host and each of these nouns. */
export function says(ran: { readonly text: string }, nouns: readonly Noun[]): void {
  assert.deepEqual(unsaid(ran, nouns), [], ran.text);
}

/** A preview that fails, and says why with these nouns. */
export async function refusedAtPreview({ stack }: Scene, nouns: readonly Noun[]): Promise<Ran> {
  const ran = await stack.preview();
  assert.notEqual(ran.code, 0, `preview finds nothing to refuse:\n${ran.text}`);
  says(ran, nouns);
  return ran;
}

/** An up that fails, and leaves Docker, docker0, daemon.json and the containers of these hosts as they were. */
export function upLeaves(scene: Scene, ...names: readonly string[]): Promise<Ran> {
  return leaves(scene, names, async () => {
    const ran = await scene.stack.up("--continue-on-error");
    assert.notEqual(ran.code, 0, ran.text);
    return ran;
  });
}

/** The same for a destroy, which has to succeed. */
export function destroyLeaves(scene: Scene, ...names: readonly string[]): Promise<Ran> {
  return leaves(scene, names, () => scene.destroy());
}

async function leaves({ lab }: Scene, names: readonly string[], work: () => Promise<Ran>): Promise<Ran> {
  const look = () => Promise.all(names.map((name) => standing(lab.host(name))));
  const was = await look();
  const ran = await work();
  assert.deepEqual(await look(), was, ran.text);
  return ran;
}

/** As whom a machine outside, with a server of `scene.outside()`, sees a container; undefined: not at all. */
export async function seenAs(outside: Stranger, host: Host, box = "box"): Promise<string | undefined> {
  const target = { name: "outside", address: outside.address, port: 81 };
  const [answer] = await fromBox(host, [target], box);
  return answer?.source;
}

export interface Told extends Result {
  /** Both streams, as a person sees them. */
  readonly text: string;
}

/** `npx dockroute` with these words, for the scene's stack. */
export async function dockroute({ stack }: Pick<Scene, "stack">, ...words: readonly string[]): Promise<Told> {
  const argv = ["node", join(root, "dockroute.js"), ...words];
  const result = await stack.command([...argv, "--stack", stack.name, "--config-file", stack.configFile]);
  return { ...result, text: `${result.stdout}${result.stderr}` };
}
