/**
 * mocha's own "spec" report; besides, the numbers of it in a file for test/run.ts, which sums them, and what became of
 * the tests that hold a promise.
 */
import { writeFileSync } from "node:fs";
import Mocha from "mocha";
import { anyLetter, bears, keepOutcome } from "../faults/outcomes.js";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

module.exports = class extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    for (const [event, passed] of [
      ["pass", true],
      ["fail", false],
    ] as const) {
      runner.on(event, (test: Mocha.Test) => {
        if (!bears(test.fullTitle(), anyLetter)) return;
        keepOutcome(test.fullTitle(), passed, test.file ?? "", Object(options).grep === undefined);
      });
    }
    const file = process.env["DOCKROUTE_COUNTS"];
    if (file === undefined) return;
    // Written after each test: a run that is ended from outside has its numbers too.
    const write = (): void => {
      const counts: Counts = { passed: this.stats.passes, failed: this.stats.failures };
      writeFileSync(file, JSON.stringify(counts));
    };
    for (const event of ["start", "test end", "fail", "end"]) runner.on(event, write);
  }
};
