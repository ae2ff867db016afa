/** A call of the engine as a program of its own, the trials with it, and their time by phase. */
import { join } from "node:path";
import { root } from "../support/stack.js";
import type { Answered, CallOf } from "./client.js";
import { type Started, start } from "./process.js";

export interface Tried {
  readonly reached: boolean;
  readonly wrong: readonly string[];
  readonly reachMs: number;
  readonly said: string;
  /** The host's command there, where it may be another call than the recorded one. */
  readonly at?: string;
  /** The seconds of each phase. */
  readonly phases?: Readonly<Record<string, number>>;
}

export interface TryOptions {
  /** The form of the fault; by turns without it. */
  readonly variant?: number;
  /** Looks at the host before the fault. */
  readonly standing?: () => Promise<void>;
  /** Further conditions before the next run; returns those that do not hold. */
  readonly meanwhile?: () => Promise<readonly string[]>;
}

/** The program that makes a call, as the checkout has it. */
export const ownClient: readonly string[] = [
  process.execPath,
  "--import",
  "tsx",
  join(__dirname, "client.ts"),
];

export function startCall(call: CallOf, argv = ownClient): Started {
  return start(argv, { input: JSON.stringify(call), env: process.env, cwd: root });
}

/** The answer to the engine; nothing where the program was killed. */
export async function answerOf(client: Started): Promise<Answered | undefined> {
  const { stdout, stderr, code } = await client.ended;
  if (stdout.endsWith("}\n")) return JSON.parse(stdout) as Answered;
  return code === 137 ? undefined : { error: `exit ${code}: ${stderr}` };
}

export class Stopwatch {
  readonly laps: Record<string, number> = {};
  private since = performance.now();

  lap(name: string): void {
    const now = performance.now();
    this.laps[name] = Math.round((now - this.since) / 10) / 100;
    this.since = now;
  }
}
