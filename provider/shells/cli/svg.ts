/** The mesh as SVG: hosts on a circle, a line between each two. Readable on light and dark pages. */
import type { HostPlan, Way } from "../../plan/index.js";

export interface Node extends HostPlan {
  readonly name: string;
}

/** Two hosts, and the state of both directions between them; "unknown" without a check. */
export interface Link {
  readonly from: Node;
  readonly to: Node;
  readonly state: "well" | "red" | "unknown";
  readonly way: Way;
}

export const colours = { well: "#2f9e4f", red: "#e5534b", unknown: "#2f81f7" } as const;

const box = { width: 176, height: 92 };
const margin = 14;

/** The colours of docs/packet.svg, half transparent, so that the page's own shows through. */
const style = `<style>
.host { fill: #8b949e; fill-opacity: 0.1; stroke: #8b949e; stroke-opacity: 0.7; }
.subnet { fill: #2f81f7; fill-opacity: 0.14; stroke: #2f81f7; }
.name { fill: #7d8590; font-weight: 600; font-size: 15px; }
.mono { fill: #7d8590; font-family: ui-monospace, 'SF Mono', Menlo, Consolas, monospace; font-size: 12px; }
text { text-anchor: middle; }
</style>`;

interface Point {
  readonly x: number;
  readonly y: number;
}

export function svgOf(nodes: readonly Node[], links: readonly Link[]): string {
  const { points, width, height } = layout(nodes);
  const pointOf = ({ name }: Node) => points.get(name) ?? { x: 0, y: 0 };
  const states = [...new Set(links.map(({ state }) => state))];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
      `role="img" font-family="system-ui, -apple-system, 'Segoe UI', sans-serif">`,
    `<title>${inXml(nodes.map(({ name, subnet }) => `${name} ${subnet}`).join(", "))}</title>`,
    style,
    `<defs>${states.map(arrow).join("")}</defs>`,
    ...links.map((link) => lineOf(link, pointOf(link.from), pointOf(link.to))),
    ...nodes.map((node) => boxOf(node, pointOf(node))),
    "</svg>",
    "",
  ].join("\n");
}

/** Puts the hosts on an ellipse, wider than high like the boxes, with room for a line between neighbours. */
function layout(nodes: readonly Node[]) {
  const gap = 2 * Math.sin(Math.PI / Math.max(2, nodes.length));
  const across = nodes.length < 2 ? 0 : Math.max(230, (box.width + 100) / gap);
  const down = across * 0.66;
  // Two hosts are side by side; of more, the first is at the top.
  const begin = nodes.length === 2 ? Math.PI : -Math.PI / 2;
  const circle = nodes.map((_, at): Point => {
    const angle = (2 * Math.PI * at) / nodes.length + begin;
    return { x: across * Math.cos(angle), y: down * Math.sin(angle) };
  });
  const left = Math.min(0, ...circle.map(({ x }) => x)) - box.width / 2 - margin;
  const top = Math.min(0, ...circle.map(({ y }) => y)) - box.height / 2 - margin;
  const points = new Map(
    nodes.map(({ name }, at) => {
      const { x, y } = circle[at] ?? { x: 0, y: 0 };
      return [name, { x: round(x - left), y: round(y - top) }];
    }),
  );
  const all = [...points.values()];
  return {
    points,
    width: Math.ceil(Math.max(0, ...all.map(({ x }) => x)) + box.width / 2 + margin),
    height: Math.ceil(Math.max(0, ...all.map(({ y }) => y)) + box.height / 2 + margin),
  };
}

function arrow(state: Link["state"]): string {
  return (
    `<marker id="${state}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">` +
    `<path d="M0 0 8 4 0 8z" fill="${colours[state]}"/></marker>`
  );
}

/** A link is dotted and has its kind in its middle; a red direction has long dashes. */
function lineOf({ from, to, state, way }: Link, a: Point, b: Point): string {
  const [start, end] = [edge(a, b), edge(b, a)];
  const pattern = state === "red" ? "6 4" : way === "direct" ? undefined : "2 3";
  const dashes = pattern === undefined ? "" : ` stroke-dasharray="${pattern}"`;
  const middle = `x="${round((start.x + end.x) / 2)}" y="${round((start.y + end.y) / 2) - 6}"`;
  const kind = way === "direct" ? "" : `\n<text class="mono" ${middle}>${way}</text>`;
  return (
    `<line x1="${start.x}" y1="${start.y}" x2="${end.x}" y2="${end.y}" stroke="${colours[state]}" stroke-width="1.8"${dashes} ` +
    `marker-start="url(#${state})" marker-end="url(#${state})">` +
    `<title>${inXml(`${from.name} - ${to.name}`)}${state === "unknown" ? "" : `: ${state}`}</title></line>${kind}`
  );
}

/** The point at which the line from the middle of a box to another place leaves the box, and a little further. */
function edge(from: Point, to: Point): Point {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const [w, h] = [box.width / 2 + 4, box.height / 2 + 4];
  const scale = Math.min(
    dx === 0 ? Number.POSITIVE_INFINITY : w / Math.abs(dx),
    dy === 0 ? Number.POSITIVE_INFINITY : h / Math.abs(dy),
    0.5,
  );
  return { x: round(from.x + dx * scale), y: round(from.y + dy * scale) };
}

function boxOf({ name, address, subnet }: Node, { x, y }: Point): string {
  const [left, top] = [round(x - box.width / 2), round(y - box.height / 2)];
  return [
    `<rect class="host" x="${left}" y="${top}" width="${box.width}" height="${box.height}" rx="10"/>`,
    `<text class="name" x="${x}" y="${round(y - 22)}">${inXml(name)}</text>`,
    `<text class="mono" x="${x}" y="${round(y - 3)}">${inXml(address)}</text>`,
    `<rect class="subnet" x="${left + 14}" y="${round(y + 9)}" width="${box.width - 28}" height="27" rx="7"/>`,
    `<text class="mono" x="${x}" y="${round(y + 27)}">${inXml(subnet)}</text>`,
  ].join("\n");
}

const entities: Readonly<Record<string, string>> = { "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" };

function inXml(text: string): string {
  return text.replace(/[<>&"]/g, (each) => entities[each] ?? each);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
