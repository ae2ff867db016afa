/**
 * One key of a JSON object set or removed in its text, and every other byte kept. jsonc-parser's own `modify`
 * formats the neighbours anew, which are not ours.
 */
import { type Node, parseTree } from "jsonc-parser";

const end = ({ offset, length }: Node): number => offset + length;

/** True if two JSON values are the same, whatever the order of their keys. */
export function sameValues(a: unknown, b: unknown): boolean {
  return sorted(a) === sorted(b);
}

function sorted(value: unknown): string | undefined {
  const isObject = (each: unknown): each is object =>
    typeof each === "object" && each !== null && !Array.isArray(each);
  return JSON.stringify(value, (_, each: unknown) =>
    isObject(each) ? Object.fromEntries(Object.entries(each).sort(([x], [y]) => (x < y ? -1 : 1))) : each,
  );
}

/** `value` undefined removes the key. A key that was set at the end and is removed again leaves the same bytes. */
export function withKey(text: string, key: string, value: unknown): string {
  const root = parseTree(text);
  if (root?.type !== "object") throw new Error("the text is not a JSON object: mend it by hand first");
  const properties = root.children ?? [];
  const at = properties.findIndex((property) => property.children?.[0]?.value === key);
  if (value === undefined) return at === -1 ? text : without(text, root, properties, at);
  const held = properties[at];
  const neighbour = held ?? properties.at(-1);
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const gap =
    neighbour === undefined ? `${eol}  ` : (/\s*$/.exec(text.slice(0, neighbour.offset))?.[0] ?? "");
  const printed = print(value, gap, eol);
  const old = held?.children?.[1];
  if (old !== undefined) return splice(text, old.offset, end(old), printed);
  const property = `${gap}${JSON.stringify(key)}: ${printed}`;
  if (neighbour !== undefined) return splice(text, end(neighbour), end(neighbour), `,${property}`);
  return splice(text, root.offset + 1, end(root) - 1, `${property}${eol}`);
}

/** A file with one key a line gets its new value in lines too, one in a single line does not. */
function print(value: unknown, gap: string, eol: string): string {
  if (!gap.includes("\n")) return JSON.stringify(value);
  const indent = gap.slice(gap.lastIndexOf("\n") + 1);
  return JSON.stringify(value, undefined, indent === "" ? "  " : indent).replaceAll("\n", `${eol}${indent}`);
}

function without(text: string, root: Node, properties: readonly Node[], at: number): string {
  const [before, held, after] = [properties[at - 1], properties[at], properties[at + 1]];
  if (held === undefined) return text;
  if (before !== undefined) return splice(text, end(before), end(held), "");
  if (after !== undefined) return splice(text, held.offset, after.offset, "");
  return splice(text, root.offset + 1, end(root) - 1, "");
}

function splice(text: string, from: number, to: number, anew: string): string {
  return text.slice(0, from) + anew + text.slice(to);
}
