/** Figures as groups of bars, in colours that are read on a white page and on a dark one. */

export interface Chart {
  readonly title: string;
  /** By name, in the order of the bars. */
  readonly series: readonly string[];
  readonly groups: readonly Group[];
  /** A value in words: "4.3 s". */
  readonly words: (value: number) => string;
}

export interface Group {
  readonly name: string;
  /** By the series' name; one that was not measured is left out. */
  readonly values: Readonly<Record<string, number | undefined>>;
}

const width = 760;
const left = 250;
const right = 90;
const bar = 13;
const gap = 14;
const grey = "#768390";
const palette = ["#2f81f7", "#d29922", "#3fb950", "#8b949e"];

export function chart({ title, series, groups, words }: Chart): string {
  const most = Math.max(...groups.flatMap(({ values }) => Object.values(values).map((value) => value ?? 0)));
  const scale = (width - left - right) / most;
  let top = 66;
  const drawn = groups.flatMap(({ name, values }) => {
    const there = series.filter((each) => values[each] !== undefined);
    const middle = top + (there.length * (bar + 1)) / 2 + 4;
    const bars = there.flatMap((each, at) => {
      const value = values[each] ?? 0;
      const y = top + at * (bar + 1);
      const label = text(left + value * scale + 6, y + bar - 2, words(value));
      return [rect(left, y, value * scale, colourOf(series, each)), label];
    });
    top += there.length * (bar + 1) + gap;
    return [text(left - 10, middle, name, "end"), ...bars];
  });
  const legend = series.flatMap((each, at) => [
    rect(left + at * 125, 34, 12, colourOf(series, each)),
    text(left + at * 125 + 18, 45, each),
  ]);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" width="${width}" height="${top}" font-family="system-ui, sans-serif" font-size="12">
<title>${title}</title>
${[text(10, 20, title), ...legend, ...drawn].join("\n")}
</svg>
`;
}

const colourOf = (series: readonly string[], name: string): string =>
  palette[series.indexOf(name) % palette.length] ?? grey;

function rect(x: number, y: number, wide: number, fill: string): string {
  return `<rect x="${x}" y="${y}" width="${wide.toFixed(1)}" height="${bar}" rx="2" fill="${fill}"/>`;
}

function text(x: number, y: number, words: string, anchor = "start"): string {
  const plain = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x.toFixed(1)}" y="${y}" fill="${grey}" text-anchor="${anchor}">${plain}</text>`;
}
