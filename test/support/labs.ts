/**
 * Root hooks of mocha for tests with hosts: labs that this process made are taken down when its last test has
 * ended, whatever became of it, and also when a person presses Ctrl-C. Labs of others are never touched.
 */
import { Lab } from "../../lab/lab.js";
import { quiet } from "../../lab/run.js";
import { tearDown } from "../../lab/tear-down.js";

const made = new Set<string>();

/** Makes a lab that goes when the tests end. */
export async function labFor(options: Parameters<typeof Lab.up>[0]): Promise<Lab> {
  // Before it is made: a lab that came up only half is to be taken down as well.
  if (Lab.list().includes(options.prefix)) throw new Error(`a lab "${options.prefix}" is up already`);
  made.add(options.prefix);
  return Lab.up({ log: quiet, ...options });
}

async function takeDown(): Promise<void> {
  for (const prefix of made) {
    await tearDown(prefix);
    made.delete(prefix);
  }
}

const signals = { SIGINT: 130, SIGTERM: 143 } as const;

export const mochaHooks = {
  beforeAll(): void {
    for (const [signal, code] of Object.entries(signals)) {
      // mocha's own listener would end the process before its hooks are through.
      process.removeAllListeners(signal);
      process.once(signal, () => {
        takeDown().finally(() => process.exit(code));
      });
    }
  },
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(60_000);
    await takeDown();
  },
};
