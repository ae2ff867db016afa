/** Faults of a host or of the client while a program of ours stands still on the host. */
import { greets } from "../../lab/host.js";
import type { Lab } from "../../lab/lab.js";
import { sleep, until } from "../../lab/run.js";
import { isPending, undoSeconds } from "./oracle.js";
import { family, kill, type Started } from "./process.js";
import type { Trap } from "./tripwire.js";
import type { Wire } from "./wire.js";

export const faults = ["link cut", "client killed", "power cut"] as const;
/** Done by the shim itself, in place of the program. */
export const programFaults = ["program fails", "program prints garbage", "program hangs"] as const;
/** A test may reboot a host; the sweeps do not. */
export type Fault = (typeof faults)[number] | (typeof programFaults)[number] | "reboot";

export function trapFor(fault: Fault): Trap {
  if (fault === "program fails") return "fail";
  if (fault === "program hangs") return "hang";
  return fault === "program prints garbage" ? "garbage" : "stop";
}

export interface Struck {
  readonly lab: Lab;
  readonly host: string;
  readonly wire: Wire;
  readonly client: Started;
  /** Lets the program on the host go on. */
  release(): void;
}

/** Does it; resolves when the host can be reached again as far as the fault is concerned. */
export async function strike(fault: Fault, variant: number, struck: Struck): Promise<void> {
  switch (fault) {
    case "link cut":
      return cutLink(struck, variant);
    case "client killed":
      kill(victims(struck.client, variant));
      struck.release();
      return;
    case "power cut":
      return cutPower(struck);
    case "reboot":
      return reboot(struck);
    default:
      return;
  }
}

/** In turn for a moment, and until the host has gone back alone: A2 and A1. */
async function cutLink({ lab, host, wire, release }: Struck, variant: number): Promise<void> {
  wire.cut();
  release();
  // Time for a shell of ours to go on before it meets the end of its link.
  await sleep(2000);
  if (variant % 2 === 1) {
    const limit = (undoSeconds() + 60) * 1000;
    await until(`${host} to go back by itself`, limit, async () => !(await isPending(lab.host(host))));
  }
  wire.mend();
}

/** Asked for on the host, in an orderly way: its services are stopped, a restart of Docker among them. */
async function reboot({ lab, host, wire, release }: Struck): Promise<void> {
  await lab.host(host).exec(["systemctl", "reboot"]);
  release();
  await lab.waitRebooted(host, 120_000, false);
  const { address } = lab.host(host);
  await until(`sshd of ${host}`, 60_000, () => greets(address));
  wire.reset();
}

async function cutPower({ lab, host, wire }: Struck): Promise<void> {
  await lab.powerCut(host);
  await lab.boot(host, false);
  const { address } = lab.host(host);
  await until(`sshd of ${host}`, lab.host(host).bootMs, () => greets(address));
  // A kernel that knows nothing of a connection resets it.
  wire.reset();
}

/** In turn all of the client, the provider process alone, the engine alone. One process is killed as a whole. */
function victims(client: Started, variant: number): readonly number[] {
  const all = family(client.pid);
  const provider = [...all].filter(([, words]) => /dynamic-provider/.test(words)).map(([id]) => id);
  if (variant % 3 === 1 && provider.length > 0) return provider;
  if (variant % 3 === 2) return [client.pid];
  return [...all.keys()];
}
