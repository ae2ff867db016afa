/**
 * Ends the provider process with the engine. A killed engine would leave it running, and nobody would record its work
 * in the state. The engine holds the other end of our standard input, so its end is the end of the engine.
 */
import { fstatSync } from "node:fs";

export function endWithEngine(): void {
  // Only a pipe or a socket has another end; a terminal or /dev/null tells nothing about the engine.
  if (!fstatSync(0).isFIFO() && !fstatSync(0).isSocket()) return;
  process.stdin
    .on("error", () => process.exit(1))
    .once("end", () => process.exit(1))
    .resume();
}
