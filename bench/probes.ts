/** The mesh probe of the tests, a few hosts at a time: all at once, many hosts' probes would wait for each other. */
import type { Host, Stranger } from "../lab/host.js";
import { amiss, betweenBoxes, places, strangerFinds } from "../test/support/mesh.js";

const atOnce = 4;

/**
 * Every container reaches every other, seen as itself; within each few hosts also hosts and published ports do;
 * and a machine in nobody's plan reaches only what is published. [] is a whole and narrow mesh.
 */
export async function amissIn(hosts: readonly Host[], stranger: Stranger): Promise<readonly string[]> {
  const { unpublished, published } = await strangerFinds(hosts, stranger);
  const wrong = [...unpublished.map((target) => `the stranger reaches ${target}`), ...published];
  const all = await places(hosts);
  const groups = chunks(all);
  for (const some of groups) {
    wrong.push(...(await amiss(some.map(({ host }) => host))));
    // One group is all there is to ask, and amiss has.
    if (groups.length > 1) wrong.push(...(await betweenBoxes(some, all)));
  }
  return wrong;
}

function chunks<T>(all: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / atOnce) }, (_, at) =>
    all.slice(at * atOnce, (at + 1) * atOnce),
  );
}
