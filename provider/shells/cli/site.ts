/** The mesh as a stack left it: each host with what is declared of it, and a way to reach it. */

import { membersOf, type Site } from "../../check/member.js";
import { Hosts } from "../../host/hosts.js";
import { endpointIn, hostEntries, isRecord } from "../../host/login/credentials.js";
import { readStack, type StackOptions } from "./stack.js";

const connectionKey = "dockroute:connection";

/** A person or a monitor waits for this: unless the config says otherwise, a host is given up sooner than in `up`. */
function patience(connection: string | undefined): string {
  const given: unknown = JSON.parse(connection || "{}");
  return JSON.stringify({ dialErrorLimit: 1, perDialTimeout: 8, ...(isRecord(given) ? given : {}) });
}

/** @param say where a line for the person at the console goes */
export async function openSite(options: StackOptions, say: (text: string) => void): Promise<Site> {
  const { config, plan, declared: byProgram } = await readStack(options);
  const hosts = new Hosts((key) => (key === connectionKey ? patience(config(key)) : config(key)), say);
  const entries = new Map(hostEntries(config).map((entry) => [entry.name, entry]));
  const networkPrefix = Number(config("dockroute:networkPrefix") ?? Number.NaN);
  const members = membersOf(
    plan,
    Number.isInteger(networkPrefix) ? networkPrefix : undefined,
    (host, { address }) => {
      const told = byProgram.get(host);
      return {
        endpoint: told?.endpoint ?? endpointIn(config, host, address),
        interface: told === undefined ? entries.get(host)?.interface : told.interface,
      };
    },
    (host, endpoint) => hosts.get(host, endpoint, byProgram.get(host)?.connection),
  );
  return { plan, members, close: () => hosts.close() };
}
