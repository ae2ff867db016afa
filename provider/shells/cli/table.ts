/** Text in columns. */

export type Tone = "good" | "bad" | "faint" | "plain";

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

const codes: Readonly<Record<Tone, string>> = { good: "32", bad: "31", faint: "2", plain: "" };

/** Colours are used only on a terminal, and not with NO_COLOR (https://no-color.org). */
export const coloured: boolean = process.stdout.isTTY === true && !process.env["NO_COLOR"];

export function paint(text: string, tone: Tone, colour = coloured): string {
  const code = codes[tone];
  return colour && code !== "" ? `\x1b[${code}m${text}\x1b[0m` : text;
}

/** Rows below a heading, each column as wide as its widest cell. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly Cell[])[],
  colour = coloured,
): string {
  const widths = heads.map((head, at) =>
    Math.max(head.length, ...rows.map((row) => row[at]?.text.length ?? 0)),
  );
  const line = (cells: readonly Cell[]) =>
    cells
      .map(({ text, tone = "plain" }, at) => {
        const space = " ".repeat((widths[at] ?? 0) - text.length);
        return paint(text, tone, colour) + space;
      })
      .join("   ")
      .trimEnd();
  const rule = widths.map((width) => ({ text: "─".repeat(width), tone: "faint" as const }));
  return [heads.map((text) => ({ text })), rule, ...rows].map((cells) => `  ${line(cells)}\n`).join("");
}
