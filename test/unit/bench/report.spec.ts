import assert from "node:assert/strict";
import { cases } from "../../../bench/compare.js";
import type { Figures } from "../../../bench/figures.js";
import { documents } from "../../../bench/report.js";

const on = { machine: "2 cores", programs: ["Node 20"], load: ["0.1", "2.0"] } as const;
const traffic = { sent: 2048, received: 1024, turns: 12, logins: 1 };

const figures: Figures = {
  engine: {
    ...on,
    figures: [
      {
        ...{ operation: "up, nothing to do", hosts: 4, resources: 25, delay: 0 },
        seconds: { dockroute: [4.4, 4.6, 4.5], floor: [4, 4, 4] },
        cpu: { dockroute: [5], floor: [4] },
        peak: { dockroute: 150, floor: 130 },
        state: { dockroute: 4096, floor: 2048 },
      },
    ],
  },
  compare: {
    ...on,
    figures: (["dockroute", "ansible"] as const).map((tool) => ({
      ...{ tool, hosts: 8, delay: 0, case: cases.routes, cpu: [1], peak: 0, traffic },
      seconds: [tool === "dockroute" ? 5 : 16],
    })),
  },
  data: {
    ...{ ...on, seconds: 5 },
    figures: (["host to host", "direct route"] as const).map((path) => ({
      ...{ path, card: "unlimited", cpu: [0.1], p50: [20], p99: [40] },
      throughput: [path === "direct route" ? 9.8 : 10],
    })),
  },
};

describe("the bench's report", () => {
  const text = documents(figures).get("performance.md") ?? "";

  it("has the figure of each aim", () => {
    assert.match(text, /it is 1\.13 with 4 hosts at 0 ms\./);
    assert.match(text, /the playbook takes 3\.2 times as long with 8 hosts at 0 ms\./);
    assert.match(text, /2\.0 % below it with a card of no limit/);
  });

  it("says so where the machine was busy", () => {
    assert.doesNotMatch(text, /was not quiet/);
    const busy = { ...figures, memory: { ...on, load: ["7.5", "8"], figures: [] } } satisfies Figures;
    assert.match(documents(busy).get("performance.md") ?? "", /was not quiet.*load.*7\.5/);
  });

  it("gives a median with the least and the most", () => {
    assert.match(text, /\| 4\.5 \(4\.4 to 4\.6\) \| 4\.0 \(4\.0 to 4\.0\) \| 1\.13 \|/);
  });

  it("draws each plot that it shows, and leaves out a part that was not run", () => {
    const shown = [...text.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, name]) => name);
    const drawn = [...documents(figures).keys()].filter((name) => name.endsWith(".svg"));
    assert.deepEqual(shown.sort(), drawn.sort());
    assert.deepEqual([...documents({}).keys()], ["performance.md"]);
  });
});
