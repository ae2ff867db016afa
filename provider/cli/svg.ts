/** The mesh as SVG: hosts on a circle, a line between each two. Readable on light and dark pages. */
import type { HostPlan } from "../plan/index.js";

export interface Node extends HostPlan {
  readonly name: string;
}

/** Two hosts, and whether each direction between them is well; "unknown" without a check. */
export interface Link {
  readonly from: Node;
  readonly to: Node;
  readonly state: "well" | "red" | "unknown";
}

export const colours = { well: "#1a7f37", red: "#cf222e", unknown: "#8c959f" } as const;

const box = { width: 172, height: 74 };
const margin = 12;

interface Place {
  readonly x: number;
  readonly y: number;
}

export function svgOf(nodes: readonly Node[], links: readonly Link[]): string {
  // Far enough apart that neighbours' boxes do not touch.
  const radius =
    nodes.length < 2 ? 0 : Math.max(130, (box.width + 30) / (2 * Math.sin(Math.PI / nodes.length)));
  const angle = (at: number) => (2 * Math.PI * at) / nodes.length - Math.PI / 2;
  const circle = nodes.map(
    (_, at): Place => ({ x: radius * Math.cos(angle(at)), y: radius * Math.sin(angle(at)) }),
  );
  const left = Math.min(0, ...circle.map(({ x }) => x)) - box.width / 2 - margin;
  const top = Math.min(0, ...circle.map(({ y }) => y)) - box.height / 2 - margin;
  const places = new Map(
    nodes.map(({ name }, at) => {
      const { x, y } = circle[at] ?? { x: 0, y: 0 };
      return [name, { x: round(x - left), y: round(y - top) }];
    }),
  );
  const placeOf = ({ name }: Node) => places.get(name) ?? { x: 0, y: 0 };
  const all = [...places.values()];
  const width = Math.max(...all.map(({ x }) => x), 0) + box.width / 2 + margin;
  const height = Math.max(...all.map(({ y }) => y), 0) + box.height / 2 + margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}" ` +
      `width="${Math.ceil(width)}" height="${Math.ceil(height)}" role="img" font-family="ui-sans-serif, system-ui, sans-serif">`,
    `<title>${inXml(nodes.map(({ name, subnet }) => `${name} ${subnet}`).join(", "))}</title>`,
    ...links.map((link) => lineOf(link, placeOf(link.from), placeOf(link.to))),
    ...nodes.map((node) => boxOf(node, placeOf(node))),
    "</svg>",
    "",
  ].join("\n");
}

function lineOf({ from, to, state }: Link, a: Place, b: Place): string {
  const dashes = state === "red" ? ' stroke-dasharray="6 4"' : "";
  return (
    `<line x1="${a.x}" y1="${a.y}" x2="${b.x}" y2="${b.y}" stroke="${colours[state]}" stroke-width="1.6"${dashes}>` +
    `<title>${inXml(`${from.name} - ${to.name}`)}${state === "unknown" ? "" : `: ${state}`}</title></line>`
  );
}

function boxOf({ name, address, subnet }: Node, { x, y }: Place): string {
  const text = (dy: number, size: number, colour: string, words: string, weight = 400) =>
    `<text x="${x}" y="${y + dy}" text-anchor="middle" font-size="${size}" font-weight="${weight}" fill="${colour}">${inXml(words)}</text>`;
  const left = round(x - box.width / 2);
  const top = round(y - box.height / 2);
  return [
    `<rect x="${left}" y="${top}" width="${box.width}" height="${box.height}" rx="8" fill="#f6f8fa" stroke="#57606a"/>`,
    text(-14, 15, "#1f2328", name, 600),
    text(7, 12, "#57606a", address),
    text(26, 13, "#0550ae", subnet),
  ].join("\n");
}

const entities: Readonly<Record<string, string>> = { "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" };

function inXml(text: string): string {
  return text.replace(/[<>&"]/g, (each) => entities[each] ?? each);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
