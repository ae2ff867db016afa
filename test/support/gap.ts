/** The time that the container of one host had no answer from that of another: a ping five times a second. */
import assert from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import { boxAddress } from "../../lab/probe.js";

const files = { log: "/run/gap.log", pid: "/run/gap.pid" };
const interval = 0.2;

/** Begins to ping the box of the peer from the box of the host. */
export async function watchGap(host: Host, peer: Host): Promise<() => Promise<number>> {
  const target = await boxAddress(peer);
  await host.run(`box=$(docker inspect -f '{{.State.Pid}}' box)
    setsid nsenter -t "$box" -n ping -n -D -i ${interval} ${target} >${files.log} 2>&1 &
    echo $! >${files.pid}`);
  return async () => {
    const end = Number(await host.run("date +%s.%N"));
    await host.run(`kill -INT "$(cat ${files.pid})"; sleep 0.5`);
    return longestGap(await host.run(["cat", files.log]), end);
  };
}

/** In seconds, between two answers and from the last one to the end. */
export function longestGap(log: string, end: number): number {
  const answers = [...log.matchAll(/^\[(\d+\.\d+)\] \d+ bytes from/gm)].map(([, time]) => Number(time));
  assert(answers.length > 0, `no answer at all: ${log.slice(0, 300)}`);
  const gaps = answers.map((time, at) => (answers[at + 1] ?? end) - time);
  return Math.max(0, Math.max(...gaps) - interval);
}
