/**
 * Memory of the provider process with more hosts than a machine can run: each real host is met under several
 * names, over a connection for each. A preview looks at all of them and changes none.
 */
import { join } from "node:path";
import type { Lab } from "../lab/lab.js";
import { addressIn } from "../lab/network.js";
import { type Ran, Stack } from "../test/support/stack.js";
import { makeFloor } from "./floor.js";
import { Ground } from "./ground.js";
import { resourcesOf, type Side, sides } from "./measure.js";
import { Meter } from "./meter.js";
import { configOf, metered, type Programs } from "./tools.js";

export interface Held {
  readonly names: number;
  /** Hosts that they stand for. */
  readonly hosts: number;
  readonly resources: number;
  /** MiB of the largest provider process. */
  readonly peak: Readonly<Record<Side, number>>;
}

/** A program in the first folder of the PATH of dockroute's scripts. */
const ownCat = "/usr/local/sbin/cat";

/** @param names the number of them */
export async function held(lab: Lab, folder: string, programs: Programs, names: number): Promise<Held> {
  const ground = await Ground.lay(lab, folder);
  const meter = Meter.make(`${lab.prefix}-meter`, "dynamic-provider");
  const peak = { dockroute: 0, floor: 0 };
  // One machine under two names is refused at preview: so each look meets another.
  const strange = `[ "$1" != /etc/machine-id ] || { head -c 16 /dev/urandom | md5sum | cut -c 1-32; exit; }`;
  for (const host of lab.hosts) {
    const input = `#!/bin/sh\n${strange}\nexec /bin/cat "$@"\n`;
    await host.run(`cat >${ownCat}; chmod 755 ${ownCat}`, { input });
  }
  try {
    const config = {
      ...configOf(ground, []),
      hosts: Array.from({ length: names }, (_, at) => ({
        name: `name-${String(at + 1).padStart(2, "0")}`,
        // On the hosts' own link, as a peer has to be; there is nobody at these.
        address: addressIn(lab.subnet, 100 + at),
        connection: { host: "127.0.0.1", port: ground.port(lab.hosts[at % lab.hosts.length]?.name ?? "") },
      })),
    };
    const projects = { dockroute: programs.project, floor: makeFloor(join(folder, "nobody")) };
    for (const side of sides) {
      const stack = await Stack.make(
        `held-${side}`,
        folder,
        metered(ground, programs, meter),
        config,
        projects[side],
      );
      const { result, used } = await meter.during(() => stack.preview());
      const trouble = troubleIn(result);
      if (trouble !== undefined) throw new Error(`${side}, ${names} names: ${trouble}`);
      peak[side] = used.peak;
    }
    return { names, hosts: lab.hosts.length, resources: resourcesOf(names), peak };
  } finally {
    for (const host of lab.hosts) await host.run(`rm -f ${ownCat}`);
    await ground.lift();
    meter.remove();
  }
}

/** A host that was not looked at would cost no memory, and fails no preview. */
function troubleIn({ code, text }: Ran): string | undefined {
  return code === 0 && !text.includes("not reached") ? undefined : text.slice(-2000);
}
