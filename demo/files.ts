/** The demo's files in the checkout: a stack config as a person would write it, and an environment. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../lab/lab.js";
import { quote } from "../provider/engine/command.js";

export const root = join(__dirname, "..");

/** All of a demo's places; its stack has the lab's name. */
export function placesOf(prefix: string) {
  const folder = join(root, `.${prefix}`);
  return { folder, env: join(folder, "env"), config: join(root, `Pulumi.${prefix}.yaml`) };
}

export function configText(lab: Lab): string {
  const hosts = lab.hosts.map(({ name, address }) => `    - name: ${name}\n      address: ${address}\n`);
  return `# Three hosts of the lab, written by \`npm run demo\`.
config:
  dockroute:pool: 172.30.0.0/16
  dockroute:connection:
    user: root
    privateKeyFile: ${lab.privateKeyFile}
    knownHostsFile: ${lab.knownHostsFile}
  dockroute:hosts:
${hosts.join("")}`;
}

/** For a person's own shell: the variables by which pulumi finds this demo. */
export function writeEnv(file: string, env: NodeJS.ProcessEnv): void {
  const names = ["PATH", ...Object.keys(env).filter((name) => name.startsWith("PULUMI_"))];
  const lines = [...new Set(names)].map((name) => `export ${name}=${quote([env[name] ?? ""])}\n`);
  writeFileSync(file, `# For a shell that works with this demo's stack: . ${file}\n${lines.join("")}`);
}
