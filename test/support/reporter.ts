/** mocha's own "spec" report, and the numbers of it in a file for test/run.ts, which sums them. */
import { writeFileSync } from "node:fs";
import Mocha from "mocha";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

module.exports = class extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
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
