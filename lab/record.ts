import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { quote } from "../provider/command.js";
import type { Host } from "./host.js";
import { Lab } from "./lab.js";
import { eachOf, type Log, step } from "./run.js";

/** What is asked of a host whose answers the parsers read. The file's name stands for the command. */
const commands: Readonly<Record<string, readonly string[]>> = {
  "ip-addr.json": ["ip", "-j", "-4", "addr", "show"],
  "ip-route.json": ["ip", "-j", "-4", "route", "show", "table", "all"],
  "iptables-filter.txt": ["iptables", "-w", "-t", "filter", "-S"],
  "iptables-nat.txt": ["iptables", "-w", "-t", "nat", "-S"],
  "iptables-raw.txt": ["iptables", "-w", "-t", "raw", "-S"],
  "iptables-version.txt": ["iptables", "-V"],
  "nft-ruleset.json": ["nft", "-j", "list", "ruleset"],
  "docker-info.json": ["docker", "info", "--format", "{{json .}}"],
  "docker-version.json": ["docker", "version", "--format", "{{json .}}"],
  "docker-networks.json": ["sh", "-c", "docker network inspect $(docker network ls -q)"],
  "docker-ps.txt": ["docker", "ps", "-a", "--no-trunc", "--format", "{{json .}}"],
  "docker-containers.json": ["sh", "-c", "docker inspect $(docker ps -aq)"],
  "systemctl-show-docker.txt": ["systemctl", "show", "docker"],
};

/** Saves, for each image, what the tools of a host with two containers say: test data that no one made up. */
export async function record(images: readonly string[], target: string, log: Log): Promise<void> {
  const specs = images.map((image) => ({ name: image.replaceAll("+", "-"), image }));
  const lab = await Lab.up({ prefix: "record", hosts: specs, log });
  try {
    await eachOf(lab.hosts, 2, (host) =>
      step(log, `recorded ${host.image}`, () => recordHost(host, join(target, host.image))),
    );
  } finally {
    await lab.down();
  }
}

async function recordHost(host: Host, folder: string): Promise<void> {
  await host.run("docker run -d --name web --restart always -p 8080:80 lab/box httpd -f -h /var/www");
  await host.run("docker run -d --name idle lab/box sleep 100000");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const index: Record<string, { argv: readonly string[]; command: string; code: number; stderr: string }> =
    {};
  for (const [file, argv] of Object.entries(commands)) {
    const { code, stdout, stderr } = await host.exec(argv);
    // The kernel is the recording machine's; its build's name says nothing about a host.
    writeFileSync(join(folder, file), stdout.replaceAll(release(), release().replace(/-.*/, "")));
    index[file] = { argv, command: quote(argv), code, stderr };
  }
  writeFileSync(
    join(folder, "commands.json"),
    `${JSON.stringify({ image: host.image, files: index }, null, 2)}\n`,
  );
}
