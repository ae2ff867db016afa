import { deepEqual, equal, ok } from "node:assert/strict";
import { Chains, type MeshPoint } from "../../faults/chains.js";
import { landmarks, patternOf } from "../../faults/landmarks.js";
import type { Call } from "../../faults/tripwire.js";

const call = (n: number, words: string, session = "a", changing = true): Call => ({
  series: "ssh",
  n,
  session,
  words,
  changing,
});

describe("the place of a call in an up that goes on", () => {
  it("is by its own words, where the trace has them once", () => {
    deepEqual(landmarks([call(1, "mv a b")]).get(1), { landmark: "mv a b", more: 0 });
  });

  it("is else after the nearest of its session that is there once", () => {
    const places = landmarks([call(1, "mv a b"), call(2, "sync"), call(3, "sync", "b"), call(4, "sync")]);
    deepEqual(places.get(2), { landmark: "mv a b", more: 1 });
    deepEqual(places.get(4), { landmark: "mv a b", more: 2 });
    // In another session it is no neighbour of that one.
    deepEqual(places.get(3), { landmark: "mv a b", words: "sync", times: 2 });
  });

  it("is else by its words after the nearest change that is there once, and nowhere before the first", () => {
    const look = (n: number, words: string) => call(n, words, "look", false);
    const calls = [
      look(1, "cat x"),
      call(2, "mv a b"),
      call(3, "sync", "b"),
      look(4, "cat x"),
      look(5, "cat x"),
      call(6, "sync", "c"),
    ];
    const places = landmarks(calls);
    equal(places.get(1), undefined);
    deepEqual(places.get(3), { landmark: "mv a b", words: "sync", times: 1 });
    deepEqual(places.get(5), { landmark: "mv a b", words: "cat x", times: 2 });
  });

  it("leaves words open that differ in each run, and takes the rest by the letter", () => {
    equal(patternOf("grep -qx # Token ab12 *.timer"), "grep -qx # Token * \\*.timer");
    equal(
      patternOf("ip route replace 172.30.1.0/24 via 10.213.1.12 dev eth0"),
      "ip route replace 172.30.1.0/24 via * dev eth0",
    );
    equal(patternOf("systemctl stop dockroute-undo-ab12-3.timer"), "systemctl stop dockroute-undo-*-3.timer");
  });
});

describe("points that are tried in a row", () => {
  const point = (
    host: string,
    n: number,
    fault: MeshPoint["fault"] = "link cut",
    known = true,
  ): MeshPoint => ({
    run: "up",
    fault,
    host,
    call: call(n, `call ${n}`),
    round: 0,
    once: false,
    onBridge: false,
    ...(known && { place: { landmark: `call ${n}`, more: 0 } }),
  });
  const numbers = (chain: ReadonlyMap<string, readonly MeshPoint[]> | undefined) =>
    [...(chain ?? [])].map(([host, points]) => [host, points.map(({ call: { n } }) => n)]);

  const first = (chains: Chains) => chains.next()?.[0];

  it("are of one fault, in the order of the trace, and each is given once", () => {
    const all = [3, 1, 2, 4].flatMap((n) => [point("a", n), point("b", n), point("a", n, "power cut")]);
    const chains = new Chains(all, { points: 2 });
    deepEqual(numbers(first(chains)), [
      ["a", [1, 3]],
      ["b", [1, 3]],
    ]);
    const given = [2];
    for (let chain = first(chains); chain !== undefined; chain = first(chains)) {
      equal(new Set([...chain.values()].flat().map(({ fault }) => fault)).size, 1);
      given.push([...chain.values()].flat().length);
    }
    equal(chains.length, 0);
    equal(given.reduce((sum, each) => sum + each) + 2, all.length);
  });

  it("begin with a point that is not found on the way, when none before it is left", () => {
    const chains = new Chains([point("a", 1), point("a", 2, "link cut", false), point("a", 3)], {
      points: 3,
    });
    deepEqual(numbers(first(chains)), [["a", [1, 3]]]);
    deepEqual(numbers(first(chains)), [["a", [2]]]);
    const nothingBefore = [point("a", 1, "link cut", false), point("a", 2)];
    deepEqual(numbers(new Chains(nothingBefore, { points: 3 }).next()?.[0]), [["a", [1, 2]]]);
  });

  it("are one of a script that comes to its end all the same", () => {
    const ends = [1, 2, 3, 4].map((n) => ({ ...point("a", n), once: n % 2 === 0 }));
    deepEqual(numbers(new Chains(ends, { points: 4 }).next()?.[0]), [["a", [1, 3, 4]]]);
    const all = ends.map((each) => ({ ...each, once: true }));
    deepEqual(numbers(new Chains(all, { points: 4 }).next()?.[0]), [["a", [4]]]);
  });

  it("come again, one of a script, on the bridges that stay, where they lie behind those", () => {
    const ends = [1, 2, 3, 4].map((n) => ({ ...point("a", n), once: true, onBridge: n > 1 }));
    const row = new Chains(ends, { points: 4, more: 2 }).next() ?? [];
    deepEqual(row.map(numbers), [[["a", [4]]], [["a", [3]]], [["a", [2]]]]);
    const unknown = [1, 2].map((n) => ({ ...point("a", n, "link cut", false), onBridge: true }));
    deepEqual(new Chains(unknown, { points: 4, more: 2 }).next()?.map(numbers), [[["a", [1]]]]);
  });

  it("that were passed by begin a chain on the bridges once, and then only one from nothing", () => {
    const late = { ...point("a", 2), onBridge: true };
    const chains = new Chains([point("a", 1), late], { points: 2, more: 1 });
    deepEqual(chains.next()?.map(numbers), [[["a", [1, 2]]]]);
    chains.putBack(late, true);
    const other = point("a", 1);
    chains.putBack(other, false);
    deepEqual(chains.next()?.map(numbers), [[["a", [1]]], [["a", [2]]]]);
    chains.putBack(late, true);
    chains.putBack(other, false);
    deepEqual(chains.next()?.map(numbers), [[["a", [1]]]]);
    deepEqual(chains.next()?.map(numbers), [[["a", [2]]]]);
  });

  it("that were passed by are the first of their host next time", () => {
    const chains = new Chains([point("a", 1), point("a", 2)], { points: 2 });
    const passed = first(chains)?.get("a")?.[1];
    ok(passed);
    chains.putBack(passed, true);
    deepEqual(numbers(first(chains)), [["a", [2]]]);
  });
});
