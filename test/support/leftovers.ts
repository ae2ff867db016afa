/** Leftovers of a lab or a demo on the outer machine and in the checkout, as lines to compare before and after. */
import { readdirSync } from "node:fs";
import { cacheFolder } from "../../lab/folders.js";
import { tryRun } from "../../lab/run.js";
import { labPrefixes } from "../../lab/state.js";
import { root } from "./stack.js";

/** @param mark only lines with it: other labs of the machine come and go meanwhile */
export async function leftovers(mark: string): Promise<readonly string[]> {
  const shown = await Promise.all(
    [
      ["ip", "netns", "list"],
      ["ip", "-br", "link"],
      ["cat", "/proc/mounts"],
      ["ps", "-eo", "args"],
    ].map(async (argv) => (await tryRun(argv)).stdout.split("\n")),
  );
  const labs = await tryRun(["ls", cacheFolder("labs")]);
  const all = [...shown.flat(), ...labs.stdout.split("\n"), ...labPrefixes(), ...readdirSync(root)];
  return all.filter((line) => line.includes(mark));
}
