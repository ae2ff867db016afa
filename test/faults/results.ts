/** What became of each point, one line each in an ignored folder, so that a sweep goes on where it was stopped. */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../support/stack.js";

export interface Row {
  /** "docker28 DockerBridge create", or "three hosts up". */
  readonly run: string;
  readonly fault: string;
  readonly host: string;
  readonly n: number;
  /** What the host ran there. */
  readonly at: string;
  /** Whether the run came to this point at all; it may have made fewer calls than the recorded one. */
  readonly reached: boolean;
  /** What did not hold. */
  readonly wrong: readonly string[];
  readonly reachMs: number;
  /** What the person read. */
  readonly said: string;
  readonly seconds: number;
  readonly commit: string;
}

export const resultsFolder = join(root, ".faults");

export class Results {
  private readonly file: string;
  private readonly held = new Map<string, Row>();

  constructor(name: string) {
    mkdirSync(resultsFolder, { recursive: true });
    this.file = join(resultsFolder, `${name}.jsonl`);
    for (const row of readRows(this.file)) this.held.set(keyOf(row), row);
  }

  has(row: Pick<Row, "run" | "fault" | "host" | "n">): boolean {
    return this.held.has(keyOf(row));
  }

  add(row: Row): void {
    appendFileSync(this.file, `${JSON.stringify(row)}\n`);
    this.held.set(keyOf(row), row);
  }
}

function keyOf({ run, fault, host, n }: Pick<Row, "run" | "fault" | "host" | "n">): string {
  return [run, fault, host, n].join("|");
}

function readRows(file: string): readonly Row[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  // The last line may have been cut short.
  return lines.flatMap((line) => (line.endsWith("}") ? [JSON.parse(line) as Row] : []));
}

/** The rows of all sweeps; of a point that was tried again, the last. */
export function allRows(): readonly Row[] {
  if (!existsSync(resultsFolder)) return [];
  const files = readdirSync(resultsFolder).filter((name) => name.endsWith(".jsonl"));
  const rows = new Map<string, Row>();
  for (const file of files) {
    for (const row of readRows(join(resultsFolder, file))) rows.set(keyOf(row), row);
  }
  return [...rows.values()];
}
