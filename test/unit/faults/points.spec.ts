import { deepEqual, equal, ok } from "node:assert/strict";
import { evenShare, shareOf, spread, type Trace } from "../../faults/points.js";

const numbers = (count: number) => Array.from({ length: count }, (_, at) => at);

describe("an evenly spread share of points", () => {
  it("has the number of points for its percentage, one of each few neighbours", () => {
    for (const count of [0, 1, 3, 4, 14, 86]) {
      for (const percent of [1, 25, 30, 100]) {
        const share = evenShare(numbers(count), percent, 5);
        equal(share.length, shareOf(count, percent));
        deepEqual(
          share,
          [...new Set(share)].sort((a, b) => a - b),
        );
        const gaps = share.slice(1).map((each, at) => each - (share[at] ?? 0));
        ok(
          gaps.every((gap) => gap < (2 * 100) / percent),
          `${gaps} of ${count} at ${percent} %`,
        );
      }
    }
  });

  it("is all of them at 100 percent", () => {
    deepEqual(evenShare(numbers(7), 100, 3), numbers(7));
  });

  it("has points of every form of a fault, which are taken by a point's number", () => {
    for (const forms of [2, 3, 4]) {
      const met = new Set(evenShare(numbers(86), 25, 0).map((each) => each % forms));
      equal(met.size, forms);
    }
  });

  it("is another one for each fault, and the same one each time", () => {
    const trace: Trace = {
      alpha: numbers(40).map((n) => ({ series: "ssh", n, session: "1", words: `call ${n}`, changing: true })),
    };
    const tried = (fault: Parameters<typeof spread>[1]) =>
      spread("up", fault, trace, 25)
        .map(({ call: { n } }) => n)
        .sort((a, b) => a - b);
    deepEqual(tried("link cut"), [0, 5, 10, 15, 16, 21, 26, 31, 32, 37]);
    deepEqual(tried("client killed"), [1, 6, 11, 12, 17, 22, 27, 28, 33, 38]);
    deepEqual(tried("link cut"), tried("link cut"));
  });
});
