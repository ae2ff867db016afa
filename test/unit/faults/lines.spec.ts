import { deepEqual, equal, match } from "node:assert/strict";
import { type Line, mergedBy } from "../../faults/lines.js";
import { printTable, resultOf } from "../../faults/table.js";

const line = (change: Partial<Line> = {}): Line => ({
  run: "docker28 PeerRoute create",
  fault: "link cut",
  calls: 40,
  points: 20,
  tried: 20,
  held: 20,
  longest: 0.8,
  seconds: 180,
  clock: 60,
  missed: [],
  wrong: [],
  mended: [],
  commits: ["old"],
  ...change,
});

describe("lines of docs/reliability.md", () => {
  const merged = (kept: readonly Line[], own: readonly Line[]) =>
    mergedBy(({ run, fault }) => `${run} | ${fault}`, kept, own).map(({ fault, tried, commits }) => [
      fault,
      tried,
      ...commits,
    ]);
  const newer = (change: Partial<Line>) => [line({ commits: ["new"], ...change })];

  it("stay where a sweep of a part has found less", () => {
    deepEqual(merged([line()], newer({ tried: 3, held: 3 })), [["link cut", 20, "old"]]);
  });

  it("give way to one that has looked for as many points, come to or not", () => {
    deepEqual(merged([line()], newer({ tried: 19, held: 19, missed: ["alpha 7"] })), [
      ["link cut", 19, "new"],
    ]);
  });

  it("give way to a point that does not hold, be it a single one", () => {
    deepEqual(merged([line()], newer({ tried: 1, held: 0, wrong: ["alpha 7: I1"] })), [
      ["link cut", 1, "new"],
    ]);
  });

  it("give way to an evenly spread share that is through, and not to a part of it", () => {
    deepEqual(merged([line()], newer({ share: 25, tried: 4, held: 4, missed: ["alpha 7"] })), [
      ["link cut", 4, "new"],
    ]);
    deepEqual(merged([line()], newer({ share: 25, tried: 4, held: 4 })), [["link cut", 20, "old"]]);
  });

  it("come beside those of other runs and faults", () => {
    deepEqual(merged([line()], newer({ fault: "client killed", tried: 2 })), [
      ["client killed", 2, "new"],
      ["link cut", 20, "old"],
    ]);
  });

  it("name an evenly spread share that is through", () => {
    const through = line({ share: 25, tried: 5, held: 5 });
    const table = (own: Line) => printTable({ lines: [own], walks: [], tests: {} });
    match(table(through), /\| 20 +\| 5 of 20 points, evenly spread \| 5 /);
    match(table({ ...through, tried: 4 }), /\| 20 +\| 4 +\| 5 /);
    match(table(line()), /\| 20 +\| 20 +\| 20 /);
  });

  it("tell of a promise what its points and its tests have shown", () => {
    const promise = {
      letter: "A1",
      promise: "",
      fault: "",
      points: (each: Line) => each.fault === "link cut",
    };
    const test = { spec: "a.spec.ts", whole: true, commit: "old" };
    const tests = {
      "a fault A1 is undone": { ...test, passed: true },
      "a fault A1 is told": { ...test, passed: false },
      "a fault A12 is none of it": { ...test, passed: false },
    };
    const lines = [line(), line({ fault: "power cut" })];
    equal(
      resultOf(promise, { lines, walks: [], tests }),
      "20 of 20 points held; 1 of 2 tests held; FAILED: a fault A1 is told",
    );
  });
});
