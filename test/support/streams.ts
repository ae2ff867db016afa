/** Programs that run on a host all through a change, read at its end: pings every 10 ms, the kernel's route events. */
import type { Host } from "../../lab/host.js";

/** A program that goes on until it is stopped; its output then. */
export interface Stream {
  stop(): Promise<string>;
}

async function start(host: Host, name: string, words: string): Promise<Stream> {
  const file = `/tmp/${name}`;
  const pid = (await host.run(`${words} >${file} 2>&1 </dev/null & echo $!`)).trim();
  return {
    stop: async () => {
      // ping prints its counts when it is interrupted.
      await host.exec(
        `kill -INT ${pid}; for i in $(seq 50); do [ -d /proc/${pid} ] || break; sleep 0.1; done`,
      );
      return host.run(["cat", file]);
    },
  };
}

/** From inside the container, a hundred times a second. */
export async function ping(from: Host, name: string, address: string, box = "box"): Promise<Stream> {
  const inside = (await from.run(["docker", "inspect", "-f", "{{.State.Pid}}", box])).trim();
  return start(from, `ping-${name}`, `setsid nsenter -t ${inside} -n ping -q -i 0.01 ${address}`);
}

export interface Counted {
  readonly sent: number;
  readonly lost: number;
}

export function counted(output: string): Counted {
  const [, sent, received] = /(\d+) packets transmitted, (\d+) (?:packets )?received/.exec(output) ?? [];
  if (sent === undefined || received === undefined) throw new Error(`ping printed no counts: ${output}`);
  return { sent: Number(sent), lost: Number(sent) - Number(received) };
}

/** Every route that the kernel gets or loses. */
export function routeEvents(host: Host): Promise<Stream> {
  return start(host, "route-events", "setsid ip -4 monitor route");
}
