/**
 * The power cut of hosts with a kernel of their own, whose unwritten pages are lost with it: a sample of the points of
 * DockerBridge and of a whole `up`, because a machine whose processor is translated needs a minute to boot.
 */
import { type Course, sweepMesh } from "./mesh-sweep.js";
import { type Plan, sweepResources } from "./resource-sweep.js";
import { allTries, type Row } from "./results.js";

/** Docker's restart alone may take longer than the 10 s of other sweeps. */
export const vmUndoSeconds = "300";

export interface Sample {
  /** The number of points that are tried, if the time is enough. */
  readonly points: number;
  /** The time from which no further point is begun, as `Date.now()` counts. */
  readonly until: number;
  readonly say: (line: string) => void;
}

/** The calls are the same as on a host of the lab's other sort, which counts them in a fraction of the time. */
const host = "docker28";
const machine = "docker28+vm";

const wholeUp: Course = {
  run: `${machine} beside a host, up`,
  hosts: [
    { name: "alpha", image: machine },
    { name: "beta", image: host },
  ],
  recordedOn: [
    { name: "alpha", image: host },
    { name: "beta", image: host },
  ],
  struck: ["alpha"],
  rounds: 6,
  size: { points: 6, hosts: 1 },
};

/** Two machines at once, one of them for the whole `up`. Gives the result of each point. */
export async function sweepVms(sample: Sample, prefix: string): Promise<readonly Row[]> {
  const before = allTries().length;
  const ofBridge = Math.ceil((sample.points * 2) / 3);
  const plan = (most: number): Plan => ({
    faults: ["power cut"],
    labs: 1,
    share: 100,
    again: false,
    anew: true,
    most,
    until: sample.until,
    say: sample.say,
  });
  const results = await Promise.allSettled([
    sweepResources(
      {
        ...plan(ofBridge),
        image: machine,
        recordedOn: host,
        kinds: ["DockerBridge"],
        transitions: ["create", "delete"],
      },
      `${prefix}a`,
    ),
    sweepMesh(plan(sample.points - ofBridge), `${prefix}b`, wholeUp),
  ]);
  for (const result of results) if (result.status === "rejected") throw result.reason;
  return allTries().slice(before);
}
