/** Opens a stack's mesh: each host with its declared resources and a way to reach it. */

import { membersOf, type Site } from "../../check/member.js";
import { Hosts } from "../../host/hosts.js";
import { endpointIn, hostEntries, isRecord } from "../../host/login/credentials.js";
import { readStack, type StackOptions } from "./stack.js";

const connectionKey = "dockroute:connection";

/** A person or a monitor waits for the answer, so by default a host is given up sooner than in an `up`. */
function patience(connection: string | undefined): string {
  const given: unknown = JSON.parse(connection || "{}");
  return JSON.stringify({ dialErrorLimit: 1, perDialTimeout: 8, ...(isRecord(given) ? given : {}) });
}

/** @param say prints a line for the person at the console */
export async function openSite(options: StackOptions, say: (text: string) => void): Promise<Site> {
  const { config, plan, declared: byProgram, linked } = await readStack(options);
  const hosts = new Hosts((key) => (key === connectionKey ? patience(config(key)) : config(key)), say);
  const networkPrefix = Number(config("dockroute:networkPrefix") ?? Number.NaN);
  const entries = new Map(hostEntries(config).map((entry) => [entry.name, entry]));
  const members = membersOf(
    plan,
    Number.isInteger(networkPrefix) ? networkPrefix : undefined,
    (host, { address }) => {
      const own = byProgram.get(host);
      return {
        endpoint: own?.endpoint ?? endpointIn(config, host, address),
        interface: own === undefined ? entries.get(host)?.interface : own.interface,
      };
    },
    (host, endpoint) => hosts.get(host, endpoint, byProgram.get(host)?.connection),
    linked,
  );
  return { plan, members, close: () => hosts.close() };
}
