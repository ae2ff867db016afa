/**
 * Root hooks of mocha for tests with hosts: labs that this process made are taken down when its last test has
 * ended, whatever became of it, and also when a person presses Ctrl-C. Labs of others are never touched.
 */
import { Lab } from "../../lab/lab.js";
import { tearDown } from "../../lab/tear-down.js";

async function takeDown(): Promise<void> {
  for (const prefix of Lab.made()) await tearDown(prefix);
}

const signals = { SIGINT: 130, SIGTERM: 143 } as const;

export const mochaHooks = {
  beforeAll(): void {
    for (const [signal, code] of Object.entries(signals)) {
      // mocha's own listener would end the process before its hooks are through.
      process.removeAllListeners(signal);
      process.once(signal, () => {
        Lab.end().finally(() => process.exit(code));
      });
    }
  },
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(60_000);
    await takeDown();
  },
};
