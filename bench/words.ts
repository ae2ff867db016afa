/** Figures in words, the same in every table. */
import { median } from "./measure.js";

export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
  const numbers = head.map((_, at) =>
    rows.every((row) => /^[\d.]|^$/.test(String(row[at]))) ? "---:" : "---",
  );
  return [line(head), line(numbers), ...rows.map(line)];
}

/** "4.3 (4.2 to 4.4)" */
export function spread(values: readonly number[], digits = 1): string {
  const middle = median(values).toFixed(digits);
  if (values.length < 2) return middle;
  return `${middle} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;
}

export const kib = (bytes: number): string => (bytes / 1024).toFixed(0);

/** "4 and 8 hosts" */
export function listed(words: readonly (string | number)[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
