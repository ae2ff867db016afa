/** Lets a policy pack run also where the Pulumi command had to be built from its modules. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { tryRun } from "../../lab/run.js";

/**
 * A release's language host runs policy packs. The older one that can be built does not, and the engine then
 * asks it in vain; for a runtime without a language host the engine starts a program of its name instead. So
 * there the copy of the pack gets such a runtime, and that program is the vendor's own launcher.
 */
export async function preparePolicies(
  pack: string,
  env: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const host = (await tryRun(["sh", "-c", "command -v pulumi-language-nodejs"], { env })).stdout.trim();
  if ((await tryRun(["test", "-x", join(dirname(host), "pulumi-language-python")])).code === 0) return {};
  const project = join(pack, "PulumiPolicy.yaml");
  writeFileSync(project, readFileSync(project, "utf8").replace("runtime: nodejs", "runtime: launched"));
  const folder = join(pack, "..", "launcher");
  mkdirSync(folder, { recursive: true });
  const script = `#!/bin/sh\nexec node "$(node -p 'require.resolve("@pulumi/pulumi/cmd/run-policy-pack")')" "$@"\n`;
  writeFileSync(join(folder, "pulumi-analyzer-policy-launched"), script, { mode: 0o755 });
  return { PATH: `${folder}:${env["PATH"] ?? ""}` };
}
