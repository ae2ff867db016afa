/**
 * The provider process ends with the engine. One that is killed leaves it running, with nobody to keep in the
 * state what it does from then on, and no other end: the engine holds the other side of its standard input.
 */
import { fstatSync } from "node:fs";

export function endWithEngine(): void {
  if (!/[/\\]dynamic-provider\b/.test(process.argv[1] ?? "")) return;
  // Only a pipe has another side; a terminal or /dev/null says nothing about the engine.
  if (!fstatSync(0).isFIFO() && !fstatSync(0).isSocket()) return;
  process.stdin
    .on("error", () => process.exit(1))
    .once("end", () => process.exit(1))
    .resume();
}
