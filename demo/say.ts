/** The demo's output: a heading a step, the output of the step below it, and its time. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { coloured, paint } from "./table.js";

export const say = (text = ""): void => console.log(text);
const detail = (text: string): void => say(`  ${paint(text, "faint")}`);

let number = 0;

/** Does a step: prints its name before and its time after. `tell` adds a line below the heading. */
export async function step<T>(what: string, work: (tell: (line: string) => void) => Promise<T>): Promise<T> {
  const started = performance.now();
  const time = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  number += 1;
  say(`\n${bold(`${number}. ${what}`)}`);
  try {
    const result = await work(detail);
    say(`  ${paint("done", "good")} in ${time()}`);
    return result;
  } catch (error) {
    say(`  ${paint("failed", "bad")} after ${time()}`);
    throw error;
  }
}

const bold = (text: string): string => (coloured ? `\x1b[1m${text}\x1b[0m` : text);

/** The engine's lines on the stack as a whole while it works; it prints the same again in the end. */
const inBetween = /pulumi:pulumi:Stack .*dockroute-|creating.* \(/;

/** Runs the pulumi command with its output below the heading, as it comes. */
export async function pulumi(
  words: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  tell: (line: string) => void,
): Promise<void> {
  tell(`$ pulumi ${words.join(" ")}`);
  // On a terminal the command would draw over the lines above; here it prints a line for each change.
  const colour = ["--color", coloured ? "always" : "never"];
  const child = spawn("pulumi", [...words, "--non-interactive", ...colour], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      if (!inBetween.test(line)) say(line === "" ? "" : `  ${line}`);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`pulumi ${words.join(" ")} ended with ${code}`);
}
