/** The files of this package that are no TypeScript: scripts that a host runs, checked in so that a linter reads them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const read = new Map<string, string>();

/**
 * The text of such a file, which is read once.
 *
 * @param path below `provider/`, and below `bin/` in the package, where the build copies it: "host/confirm/confirm.sh"
 */
export function asset(path: string): string {
  const text = read.get(path) ?? readFileSync(join(__dirname, "..", path), "utf8");
  read.set(path, text);
  return text;
}
