/** A call of the engine as a program of its own, what is tried with it, and where the time goes. */
import { join } from "node:path";
import { root } from "../support/stack.js";
import type { Answered, CallOf } from "./client.js";
import { type Started, start } from "./process.js";

export interface Tried {
  readonly reached: boolean;
  readonly wrong: readonly string[];
  readonly reachMs: number;
  readonly said: string;
  /** What the host ran there, where it may be another call than the recorded one. */
  readonly at?: string;
  /** Where the time went, in seconds. */
  readonly phases?: Readonly<Record<string, number>>;
}

export interface TryOptions {
  /** Which form of the fault; by turns without it. */
  readonly variant?: number;
  /** What is to be seen before the fault. */
  readonly standing?: () => Promise<void>;
  /** What more must hold before the next run. */
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

/** What the engine is told; nothing where the program was killed. */
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
