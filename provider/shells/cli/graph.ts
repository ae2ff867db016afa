/** `npx dockroute graph`: the mesh as Mermaid, DOT or SVG. The result of a check colours the links. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { cleaned } from "../../engine/printable.js";
import { type MeshConfig, type MeshHost, type Plan, type Way, wayBetween } from "../../plan/index.js";
import { CommandError } from "./stack.js";
import { colours, type Link, type Node, svgOf } from "./svg.js";

const formats = { mermaid, dot, svg: svgOf } as const;

export function isFormat(text: string): text is keyof typeof formats {
  return Object.hasOwn(formats, text);
}

/** One direction, as `dockroute check --json` prints it. */
const verdicts = z.object({
  cells: z.array(z.object({ from: z.string(), to: z.string(), well: z.boolean() })),
});
export type Verdicts = z.infer<typeof verdicts>["cells"];

export function readVerdicts(path: string): Verdicts {
  const read = verdicts.safeParse(JSON.parse(readFileSync(path, "utf8")));
  if (read.success) return read.data.cells;
  throw new CommandError(`${path} is not what \`dockroute check --json\` writes`);
}

/** The ways in a config; without it every way is direct. */
export type Sites = Pick<MeshConfig, "between"> & {
  readonly hosts: readonly Pick<MeshHost, "name" | "site">[];
};

export function graphOf(
  plan: Plan,
  format: keyof typeof formats,
  checked: Verdicts,
  sites: Sites = { hosts: [] },
): string {
  const site = (name: string) => sites.hosts.find((host) => host.name === name) ?? {};
  const wayOf = (a: string, b: string): Way => wayBetween(sites, site(a), site(b)) ?? "direct";
  const nodes = Object.entries(cleaned(plan))
    .map(([name, own]) => ({ name, ...own }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const links = nodes.flatMap((from, at) =>
    nodes.slice(at + 1).map(
      (to): Link => ({
        ...{ from, to, state: stateOf(from.name, to.name, checked) },
        way: wayOf(from.name, to.name),
      }),
    ),
  );
  return formats[format](nodes, links);
}

function stateOf(a: string, b: string, checked: Verdicts): Link["state"] {
  // A user-defined network is named after its host: "alpha/side".
  const hosts = ({ from, to }: Verdicts[number]) =>
    [from, to]
      .map((label) => label.split("/")[0])
      .sort()
      .join();
  const both = checked.filter((each) => hosts(each) === [a, b].sort().join());
  if (both.length === 0) return "unknown";
  return both.every(({ well }) => well) ? "well" : "red";
}

/** Neither language allows the "-" of a host name in an id. */
const idOf = ({ name }: Node): string => `h_${name.replaceAll("-", "_").replace(/\W/g, codeOf)}`;

function codeOf(character: string): string {
  return `_${character.codePointAt(0)}_`;
}

/** Mermaid's labels are HTML; characters of its own syntax are written as codes. */
const inMermaid = (text: string): string =>
  text.replace(/[^\w ./:-]/gu, (each) => `#${each.codePointAt(0)};`);
const inDot = (text: string): string => text.replace(/[\\"]/g, "\\$&");

function mermaid(nodes: readonly Node[], links: readonly Link[]): string {
  const boxes = nodes.map(
    (node) =>
      `  ${idOf(node)}["<b>${inMermaid(node.name)}</b><br/>${inMermaid(node.address)}<br/>${inMermaid(node.subnet)}"]`,
  );
  const lines = links.map(({ from, to, way }) => `  ${idOf(from)} ${arrows(way)} ${idOf(to)}`);
  const styles = links.map(({ state }, at) => `  linkStyle ${at} stroke:${colours[state]}`);
  return `${["graph LR", ...boxes, ...lines, ...styles].join("\n")}\n`;
}

const arrows = (way: Way) => (way === "direct" ? "<-->" : `<-. ${way} .->`);

function dot(nodes: readonly Node[], links: readonly Link[]): string {
  const boxes = nodes.map(
    (node) =>
      `  ${idOf(node)} [label="${inDot(node.name)}\\n${inDot(node.address)}\\n${inDot(node.subnet)}"];`,
  );
  const lines = links.map(
    ({ from, to, state, way }) =>
      `  ${idOf(from)} -> ${idOf(to)} [dir=both, color="${colours[state]}"${styleOf(way)}];`,
  );
  const head = ["digraph dockroute {", "  layout=circo;", '  node [shape=box, fontname="sans-serif"];'];
  return `${[...head, ...boxes, ...lines, "}"].join("\n")}\n`;
}

const styleOf = (way: Way) => (way === "direct" ? "" : `, style=dashed, label="${way}"`);
