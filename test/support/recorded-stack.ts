/**
 * Stacks as earlier code left them: the deployment, and what it had put on each host. They are kept under
 * test/recorded, with the lab's own addresses, keys and machines taken out, so that any lab can be brought there.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "../../lab/host.js";
import type { Lab } from "../../lab/lab.js";
import { until } from "../../lab/run.js";
import { quote } from "../../provider/engine/command.js";
import type { Config } from "./stack.js";

const folder = join(__dirname, "../recorded");

/** The stack's name, which is part of every URN in the deployment. */
export const stackName = "recorded";

/** By path: a file's text and mode, or where a link leads. */
export type Files = Readonly<
  Record<string, { readonly mode: string; readonly text: string } | { readonly link: string }>
>;

export interface RecordedStack {
  /** The commit whose code made it, and what that was. */
  readonly commit: string;
  readonly what: string;
  readonly config: Config;
  readonly hosts: readonly { readonly name: string; readonly image: string; readonly files: Files }[];
  /** As `pulumi stack export --show-secrets` gives it; there is no secret of anybody's in it. */
  readonly deployment: unknown;
}

export const recordedStacks = (): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.replace(".json", ""));

export const recordedFile = (name: string): string => join(folder, `${name}.json`);

/** The text as it is kept; words in braces stand for the lab's own values. */
export function readText(name: string): string {
  return readFileSync(recordedFile(name), "utf8");
}

/** The lab's own addresses and names, by the word that stands for each. */
export async function namesIn(lab: Lab): Promise<ReadonlyMap<string, string>> {
  const ofHosts = await Promise.all(
    lab.hosts.map(async (host): Promise<readonly (readonly [string, string])[]> => {
      const ask = "cat /etc/machine-id; docker version --format '{{.Server.Version}}'";
      const [machine = "", docker = ""] = (await host.run(ask)).split("\n");
      return [
        [`{{${host.name} address}}`, host.address],
        [`{{${host.name} machine}}`, machine],
        [`{{${host.name} docker}}`, docker],
      ];
    }),
  );
  return new Map([
    ...ofHosts.flat(),
    ["{{key file}}", lab.privateKeyFile],
    ["{{known hosts file}}", lab.knownHostsFile],
  ]);
}

/** The recorded stack as it would be in this lab. */
export async function inLab(name: string, lab: Lab): Promise<RecordedStack> {
  const text = [...(await namesIn(lab))].reduce(
    (all, [word, own]) => all.replaceAll(word, own),
    readText(name),
  );
  const left = /\{\{[a-z ]+\}\}/.exec(text)?.[0];
  if (left !== undefined) throw new Error(`the lab has nothing for ${left} of ${name}`);
  return JSON.parse(text) as RecordedStack;
}

/**
 * Brings a fresh host to the state of the recorded one. Its files have all of it: they load the rest when Docker
 * starts, as after a reboot.
 */
export async function replay(host: Host, files: Files): Promise<void> {
  const put = Object.entries(files).map(([path, file]) => {
    const parent = quote(["mkdir", "-p", path.replace(/\/[^/]+$/, "")]);
    if ("link" in file) return `${parent} && ${quote(["ln", "-sfn", file.link, path])}`;
    return `${parent} && printf %s ${quote([file.text])} >${quote([path])} && ${quote(["chmod", file.mode, path])}`;
  });
  await host.run(["sh", "-e"], { input: put.join("\n") });
  await host.run(
    "systemctl daemon-reload && systemctl restart docker && systemctl start dockroute-repair.timer",
  );
  const routes = Object.keys(files).filter((path) => path.startsWith("/etc/dockroute/parts/route-")).length;
  await until(`${host.name} to have loaded its scripts`, 30_000, async () => {
    const lines = (await host.run("ip route show proto 219")).split("\n").filter((line) => line !== "");
    return lines.length === routes;
  });
}
