/** The figures of the bench's parts, kept beside the document that shows them: a part can be run alone. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import type { Compared } from "./compare.js";
import type { Flow } from "./data.js";
import type { Figure } from "./measure.js";
import type { Held } from "./memory.js";

/** The kind of machine and the programs of a run. Nothing here names the machine, its owner or a folder of it. */
export interface Circumstances {
  readonly machine: string;
  readonly programs: readonly string[];
  /** Over a minute, before and after. */
  readonly load: readonly [string, string];
}

export interface Figures {
  readonly engine?: Circumstances & { readonly figures: readonly Figure[] };
  readonly memory?: Circumstances & { readonly figures: readonly Held[] };
  readonly compare?: Circumstances & { readonly figures: readonly Compared[] };
  readonly data?: Circumstances & { readonly figures: readonly Flow[]; readonly seconds: number };
}

const file = join(__dirname, "..", "docs", "performance.json");

export const readFigures = (): Figures =>
  existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Figures) : {};

export function writeFigures(figures: Figures): void {
  const rounded = (_: string, value: unknown): unknown =>
    typeof value === "number" ? Number(value.toPrecision(5)) : value;
  writeFileSync(file, `${JSON.stringify(figures, rounded, 1)}\n`);
}

export const load = (): string => loadavg()[0]?.toFixed(1) ?? "";

export function machine(): string {
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  const kernel = release().replace(/^(\d+\.\d+).*/, "$1");
  const cores = `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? "unknown"})`;
  return `${cores}, ${gib} GiB of memory, Linux ${kernel}`;
}

export function sdk(): string {
  const text = readFileSync(require.resolve("@pulumi/pulumi/package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
