/** Reads a stack by the pulumi command: its config and its output `plan`. The stack's program is not run. */
import { execFile } from "node:child_process";
import { z } from "zod";
import type { FromState } from "../../check/member.js";
import { hostEntries } from "../../host/login/credentials.js";
import { betweens, type Plan } from "../../plan/index.js";
import { planForm } from "../../resources/host/plan-output.js";
import type { Sites } from "./graph.js";
import { type DeclaredHost, declaredHosts, linkedHosts } from "./state.js";

export interface StackOptions {
  /** The project's folder. */
  readonly cwd: string;
  /** @default the selected stack */
  readonly stack?: string | undefined;
  /** @default Pulumi.<stack>.yaml */
  readonly configFile?: string | undefined;
}

export interface StackFacts {
  /** The value of a key such as "dockroute:hosts"; lists and objects as JSON text. */
  config(key: string): string | undefined;
  readonly plan: Plan;
  /** The sites of the config's hosts and the way between them. */
  readonly mesh: Sites;
  /** Hosts that only the program names, because the config has no `dockroute:hosts`. */
  readonly declared: ReadonlyMap<string, DeclaredHost>;
  /** The resources of hosts with links or routed ways to others. */
  readonly linked: ReadonlyMap<string, FromState>;
}

/** A fault that a person has to mend first: only its message is printed. */
export class CommandError extends Error {}

const config = z.record(
  z.string(),
  z.object({ value: z.string().optional(), objectValue: z.unknown().optional() }),
);
const outputs = z.object({ plan: planForm.optional() });

export async function readStack(options: StackOptions): Promise<StackFacts> {
  const file = options.configFile === undefined ? [] : ["--config-file", options.configFile];
  const [values, all] = await Promise.all([
    pulumi(["config", "--json", "--show-secrets", ...file], options).then((text) => config.parse(text)),
    pulumi(["stack", "output", "--json", "--show-secrets"], options).then((text) => outputs.safeParse(text)),
  ]);
  if (!all.success || all.data.plan === undefined) {
    throw new CommandError(
      'the stack has no output "plan": run `pulumi up` first, in a program that exports it',
    );
  }
  const textOf = ({ value, objectValue }: z.infer<typeof config>[string]) =>
    value ?? (objectValue === undefined ? undefined : JSON.stringify(objectValue));
  const named = values["dockroute:hosts"] !== undefined;
  const read = (key: string) => (values[key] === undefined ? undefined : textOf(values[key]));
  const mesh = sitesIn(read);
  const isRouted = (mesh.between ?? "refuse") !== "refuse";
  const exported =
    named && !isRouted ? undefined : await pulumi(["stack", "export", "--show-secrets"], options);
  return {
    declared: named || exported === undefined ? new Map() : declaredHosts(exported),
    linked: exported === undefined ? new Map() : linkedHosts(exported),
    config: read,
    mesh,
    plan: all.data.plan,
  };
}

function sitesIn(read: StackFacts["config"]): Sites {
  const between = z.enum(betweens).safeParse(read("dockroute:between"));
  return { hosts: hostEntries(read), ...(between.success ? { between: between.data } : {}) };
}

function pulumi(words: readonly string[], { cwd, stack }: StackOptions): Promise<unknown> {
  const argv = [...words, "--non-interactive", ...(stack === undefined ? [] : ["--stack", stack])];
  return new Promise((resolve, reject) => {
    const settings = { cwd, maxBuffer: 1 << 26, env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" } };
    execFile("pulumi", argv, settings, (error, stdout, stderr) => {
      if (error === null) {
        resolve(JSON.parse(stdout));
        return;
      }
      const missing = "code" in error && error.code === "ENOENT";
      const reason = missing ? "there is no program pulumi" : stderr.trim() || error.message;
      // The command line holds no secret; its stdout may.
      reject(new CommandError(`\`pulumi ${argv.join(" ")}\` in ${cwd}: ${reason}`));
    });
  });
}
