import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addressIn, gatewayOf, switchNamespace } from "./network.js";
import { until } from "./run.js";
import { isAlive, type LabState, recordedManager, recordManager, startTime } from "./state.js";

/** Seconds of a lease. A client asks again at half of them, so a test sees a renewal without waiting for long. */
export const leaseSeconds = 20;

/** No host of a lab can have this name. */
const server = "switch";
const logOf = (lab: LabState): string => join(lab.folder, "dhcp.log");

/**
 * A DHCP server (busybox's) at the switch: each host that wants a lease gets the address that the lab has for it, and
 * no other. Started anew with other addresses it refuses to renew the old ones, and gives the new ones.
 */
export async function startDhcp(lab: LabState): Promise<void> {
  await stopDhcp(lab);
  const hosts = lab.hosts.filter(({ leased }) => leased === true);
  if (hosts.length === 0) return;
  const conf = join(lab.folder, "dhcp.conf");
  const lines = [
    "interface bridge0",
    // The range has to be named; nobody is given an address of it, because each host has one of its own.
    `start ${addressIn(lab.subnet, 240)}`,
    `end ${addressIn(lab.subnet, 240)}`,
    `lease_file ${join(lab.folder, "dhcp.leases")}`,
    `pidfile ${join(lab.folder, "dhcp.pid")}`,
    "option subnet 255.255.255.0",
    `option router ${gatewayOf(lab)}`,
    `option lease ${leaseSeconds}`,
    ...hosts.map(({ mac, address }) => `static_lease ${mac} ${address}`),
  ];
  writeFileSync(conf, `${lines.join("\n")}\n`);
  writeFileSync(join(lab.folder, "dhcp.leases"), "");
  const log = openSync(logOf(lab), "a");
  const argv = [`--net=/run/netns/${switchNamespace(lab)}`, "busybox", "udhcpd", "-f", conf];
  const child = spawn("nsenter", argv, { stdio: ["ignore", log, log], detached: true });
  closeSync(log);
  child.unref();
  child.on("error", () => {}); // seen below: it has no number then
  if (child.pid === undefined) throw new Error("no DHCP server could be started");
  recordManager(lab.prefix, server, { pid: child.pid, startTime: startTime(child.pid) ?? "" });
}

export async function stopDhcp(lab: LabState): Promise<void> {
  const running = recordedManager(lab.prefix, server);
  if (running === undefined || !isAlive(running)) return;
  process.kill(running.pid, "SIGTERM");
  await until("the DHCP server to end", 5_000, async () => !isAlive(running));
}

/** The number of times that a host was given its lease, or had it renewed, since the lab is up. */
export function leasesGiven(lab: LabState, address: string): number {
  const log = existsSync(logOf(lab)) ? readFileSync(logOf(lab), "utf8") : "";
  return log.split("\n").filter((line) => new RegExp(`ACK to ${address.replaceAll(".", "\\.")}$`).test(line))
    .length;
}
