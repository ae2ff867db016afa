/** Where `pulumi` and its language host are, for the front of PATH. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../../lab/folders.js";
import { ensurePulumi } from "../../lab/pulumi-cli.js";
import { quiet } from "../../lab/run.js";

/**
 * @param flags what the old language host built from the SDK's module is given in place of the runtime options
 * of Pulumi.yaml, which it does not read; an official one ignores nothing and needs none
 */
export async function programs(flags = `-typescript=false -nodeargs "--import tsx"`): Promise<readonly string[]> {
  const { folders } = await ensurePulumi(quiet);
  const built = folders.map((folder) => join(folder, "pulumi-language-nodejs")).find(isBuilt);
  if (built === undefined) return folders;
  const wrapper = cacheFolder("tests", `language-host-${Buffer.from(flags).toString("hex").slice(-8)}`);
  mkdirSync(wrapper, { recursive: true });
  const file = join(wrapper, "pulumi-language-nodejs");
  writeFileSync(file, `#!/bin/sh\nexec ${built} ${flags} "$@"\n`);
  chmodSync(file, 0o755);
  return [wrapper, ...folders];
}

function isBuilt(file: string): boolean {
  try {
    return readFileSync(file).subarray(0, 4).toString("latin1") === "\x7fELF";
  } catch {
    return false;
  }
}
