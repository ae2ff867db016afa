/** The figures as a bar chart, in colours that are read on a white page and on a dark one. */
import { type Figure, median, ratio } from "./measure.js";

const width = 760;
const left = 190;
const right = 120;
const bar = 14;
const row = 46;
const colours = { dockroute: "#2f81f7", floor: "#8b949e", text: "#768390" };

export function chart(figures: readonly Figure[]): string {
  const most = Math.max(...figures.flatMap((one) => [median(one.dockroute), median(one.floor)]));
  const scale = (width - left - right) / most;
  const height = 44 + figures.length * row;
  const rows = figures.map((figure, at) => {
    const top = 40 + at * row;
    const name = `${figure.hosts} hosts, ${figure.operation}`;
    const ours = median(figure.dockroute);
    const floor = median(figure.floor);
    return [
      text(left - 10, top + bar + 5, name, "end"),
      rect(left, top, ours * scale, colours.dockroute),
      text(left + ours * scale + 6, top + 11, `${ours.toFixed(1)} s  (${ratio(figure).toFixed(2)} x)`),
      rect(left, top + bar + 2, floor * scale, colours.floor),
      text(left + floor * scale + 6, top + bar + 13, `${floor.toFixed(1)} s`),
    ].join("\n");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12">
<title>Seconds of each operation, dockroute and the engine's floor</title>
${rect(left, 10, 12, colours.dockroute)}
${text(left + 18, 21, "dockroute (times its floor)")}
${rect(left + 210, 10, 12, colours.floor)}
${text(left + 228, 21, "the same graph, a provider that does nothing")}
${rows.join("\n")}
</svg>
`;
}

function rect(x: number, y: number, wide: number, fill: string): string {
  return `<rect x="${x}" y="${y}" width="${wide.toFixed(1)}" height="${bar}" rx="2" fill="${fill}"/>`;
}

function text(x: number, y: number, words: string, anchor = "start"): string {
  return `<text x="${x.toFixed(1)}" y="${y}" fill="${colours.text}" text-anchor="${anchor}">${words}</text>`;
}
