/** `npx dockroute`: shows a mesh that a stack has made. It leaves no change on a host. */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { checkMesh } from "../../check/check.js";
import { statusOf } from "../../check/status.js";
import { DockrouteError } from "../../engine/errors/error.js";
import { oneLine, printable } from "../../engine/printable.js";
import { checkCode, checkText } from "./check-text.js";
import { graphOf, isFormat, readVerdicts } from "./graph.js";
import { planIn } from "./plan-file.js";
import { openSite } from "./site.js";
import { CommandError, readStack } from "./stack.js";
import { exitCode, statusText } from "./status.js";
import { coloured } from "./table.js";

const usage = `usage: dockroute COMMAND [options]

  status   each host beside its plan; exit 0 as wanted, 1 drift, 2 a host was not reached
  check    probes from each host's containers to every other's: ICMP, TCP, UDP, size, source address; tells
           where and why a packet is lost; exit 0 all is well, 1 something is lost, 2 a host was not checked
  graph    the mesh as a picture: --format mermaid (default), dot or svg; --check FILE colours its links
           by the output of \`dockroute check --json\`; --config FILE draws the plan of a config, without a stack

  --cwd FOLDER         the project's folder (default: this one)
  --stack NAME         the stack (default: the selected one)
  --config-file FILE   the stack's config (default: Pulumi.NAME.yaml)
  --out FILE           write to this file instead of the screen
  --json               print JSON, for programs
`;

const options = {
  cwd: { type: "string", default: "." },
  stack: { type: "string" },
  "config-file": { type: "string" },
  format: { type: "string", default: "mermaid" },
  check: { type: "string" },
  config: { type: "string" },
  out: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

type Values = ReturnType<typeof parse>["values"];

function parse(words: readonly string[]) {
  return parseArgs({ args: [...words], options, allowPositionals: true });
}

interface Output {
  readonly text: string;
  readonly code: number;
}

const commands: Readonly<Record<string, (values: Values) => Promise<Output>>> = { status, check, graph };

/** Runs one command and returns the exit status. */
export async function main(words: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parse(words);
    const [name = "", ...more] = positionals;
    const command = Object.hasOwn(commands, name) && more.length === 0 ? commands[name] : undefined;
    if (command === undefined || values.help) {
      (values.help ? process.stdout : process.stderr).write(usage);
      return values.help ? 0 : 2;
    }
    const { text, code } = await command(values);
    if (values.out === undefined) process.stdout.write(text);
    else writeFileSync(values.out, text);
    return code;
  } catch (error) {
    const known = error instanceof CommandError || error instanceof DockrouteError || isUsage(error);
    process.stderr.write(`dockroute: ${printable(known ? error.message : stackOf(error), 8000)}\n`);
    return 2;
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function isUsage(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}

function stackOptions(values: Values) {
  const { stack, "config-file": configFile } = values;
  return {
    cwd: resolve(values.cwd),
    stack,
    configFile: configFile === undefined ? undefined : resolve(configFile),
  };
}

const say = (text: string): void => {
  process.stderr.write(`${oneLine(text)}\n`);
};

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

async function status(values: Values): Promise<Output> {
  const site = await openSite(stackOptions(values), say);
  try {
    const all = await statusOf(site);
    return { text: values.json ? json(all) : statusText(all, coloured), code: exitCode(all) };
  } finally {
    await site.close();
  }
}

async function check(values: Values): Promise<Output> {
  const site = await openSite(stackOptions(values), say);
  try {
    const checked = await checkMesh(site);
    return { text: values.json ? json(checked) : checkText(checked, coloured), code: checkCode(checked) };
  } finally {
    await site.close();
  }
}

async function graph(values: Values): Promise<Output> {
  const { format } = values;
  if (!isFormat(format)) throw new CommandError(`--format ${format}: mermaid, dot and svg are allowed`);
  const { plan, mesh } =
    values.config === undefined ? await readStack(stackOptions(values)) : planIn(resolve(values.config));
  const checked = values.check === undefined ? [] : readVerdicts(values.check);
  return { text: graphOf(plan, format, checked, mesh), code: 0 };
}
