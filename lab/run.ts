import { type ChildProcess, spawn } from "node:child_process";

/** The end of a program. `code` is 128 + the signal's number where a signal ended it, as in a shell. */
export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Runs a program to its end and gives its output, whatever its exit code. */
export function tryRun(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  const [program, ...args] = argv;
  if (program === undefined) return Promise.reject(new Error("an empty command"));
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: "pipe",
      env: options.env ?? process.env,
      cwd: options.cwd,
      signal: options.signal,
    });
    const timer = killAfter(child, options.timeoutMs);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => out.push(part));
    child.stderr.on("data", (part: Buffer) => err.push(part));
    child.stdin.on("error", () => {}); // a program may end without having read its input
    child.stdin.end(options.input ?? "");
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({
        code: code ?? (signal === "SIGKILL" ? 137 : 143),
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      });
    });
  });
}

function killAfter(child: ChildProcess, timeoutMs: number | undefined): NodeJS.Timeout | undefined {
  return timeoutMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), timeoutMs);
}

/** Runs a program that has to succeed, and gives its standard output. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await tryRun(argv, options);
  if (code === 0) return stdout;
  const said = (stderr.trim() || stdout.trim()).split("\n").slice(-15).join("\n");
  throw new Error(`${argv.join(" ")} ended with ${code}: ${said}`);
}

/** Removes a folder, and never what is mounted below it: that may be the outer machine's own /proc. */
export const removeTree = (folder: string): Promise<string> =>
  run(["rm", "-rf", "--one-file-system", folder]);

export type Log = (line: string) => void;

export const quiet: Log = () => {};
export const loud: Log = (line) => process.stderr.write(`${line}\n`);

/** Does one step and logs its time; one that takes a while is logged before it has ended too. */
export async function step<T>(log: Log, what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const slow = setTimeout(() => log(`${what}: under way`), 2000);
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  try {
    const result = await work();
    log(`${what}: ${seconds()}`);
    return result;
  } catch (error) {
    log(`${what}: FAILED after ${seconds()}`);
    throw error;
  } finally {
    clearTimeout(slow);
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks again and again until the answer is true; an error names what was waited for. */
export async function until(
  what: string,
  timeoutMs: number,
  ask: () => Promise<boolean>,
  signal?: AbortSignal,
  pauseMs = 150,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await ask())) {
    signal?.throwIfAborted();
    if (Date.now() > end) throw new Error(`waited ${timeoutMs / 1000} s for ${what}`);
    await sleep(pauseMs);
  }
}

/** Maps with a bound on how many run side by side. The first failure stops new ones and waits for those begun. */
export async function eachOf<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Map<number, R>();
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      try {
        results.set(index, await work(items[index] as T));
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
  return items.map((_, index) => results.get(index) as R);
}
