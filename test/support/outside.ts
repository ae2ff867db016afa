/** Machines at the switch in nobody's config: a server that answers with the address it saw, and one that knocks. */
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stranger } from "../../lab/host.js";
import { until } from "../../lab/run.js";

/** A web server that answers with the address it saw, on the stranger's port 81. Gives the function that stops it. */
export async function serveAtStranger(stranger: Stranger): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), "dockroute-outside-"));
  const script = join(folder, "cgi-bin", "who");
  mkdirSync(join(folder, "cgi-bin"));
  writeFileSync(script, "#!/bin/sh\necho\necho $REMOTE_ADDR\n");
  for (const path of [folder, script]) chmodSync(path, 0o755);
  const stop = inside(stranger, [
    "busybox",
    "httpd",
    "-f",
    "-p",
    `${stranger.address}:81`,
    "-h",
    folder,
  ]).stop;
  const answers = async () =>
    (await stranger.exec(`busybox nc -w 1 ${stranger.address} 81 </dev/null`)).code === 0;
  await until("the stranger's web server", 5000, answers);
  return () => {
    stop();
    rmSync(folder, { recursive: true, force: true });
  };
}

/** A target to knock at: "172.30.1.2" by ICMP, "172.30.1.2:81" by TCP. */
export type Door = string;

export interface Knocking {
  /** The doors that opened at least once so far. */
  opened(): readonly Door[];
  /** The number of times that each was tried. */
  tries(): number;
  stop(): void;
}

/** Knocks at every door some ten times a second until it is stopped. A moment that is open is enough. */
export function knock(stranger: Stranger, doors: readonly Door[], from?: string): Knocking {
  const { said, stop } = inside(stranger, ["node", "-e", knocker, JSON.stringify({ doors, from })]);
  const lines = () => said().split("\n").filter(Boolean);
  return {
    opened: () => [...new Set(lines().filter((line) => line !== "."))].sort(),
    tries: () => lines().filter((line) => line === ".").length,
    stop,
  };
}

const knocker = `
const { doors, from } = JSON.parse(process.argv[1]);
const { connect } = require("node:net");
const { spawn } = require("node:child_process");
for (const door of doors.filter((door) => !door.includes(":"))) {
  const ping = spawn("ping", ["-n", "-i", "0.1", ...(from ? ["-I", from] : []), door]);
  ping.stdout.on("data", (text) => { if (/bytes from/.test(text)) console.log(door); });
  process.on("exit", () => ping.kill());
}
process.on("SIGTERM", () => process.exit());
setInterval(() => {
  console.log(".");
  for (const door of doors.filter((door) => door.includes(":"))) {
    const [host, port] = door.split(":");
    const socket = connect({ host, port: Number(port), timeout: 1500, ...(from ? { localAddress: from } : {}) });
    socket.on("connect", () => { console.log(door); socket.destroy(); });
    socket.on("timeout", () => socket.destroy());
    socket.on("error", () => {});
  }
}, 100);
`;

function inside(stranger: Stranger, argv: readonly string[]): { said: () => string; stop: () => void } {
  const child = spawn("nsenter", [`--net=/run/netns/${stranger.namespace}`, ...argv], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (part: Buffer) => {
    text += part.toString();
  });
  return { said: () => text, stop: () => child.kill() };
}
