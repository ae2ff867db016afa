/** The differences of a resource's inputs, path by path, so that a preview shows them and no more. */
import { isDeepStrictEqual } from "node:util";
import { PropertyDiff } from "@pulumi/pulumi/proto/provider_pb.js";
import type { Props } from "../lifecycle/props.js";

const { Kind } = PropertyDiff;
const replaced = {
  [Kind.ADD]: Kind.ADD_REPLACE,
  [Kind.DELETE]: Kind.DELETE_REPLACE,
  [Kind.UPDATE]: Kind.UPDATE_REPLACE,
} as const;

/** @param replaces the inputs whose new value replaces the resource */
export function differences(
  olds: Props,
  news: Props,
  replaces: readonly string[],
): ReadonlyMap<string, PropertyDiff> {
  const found = new Map<string, PropertyDiff>();
  const names = new Set([...Object.keys(olds), ...Object.keys(news)]);
  // A stack of dynamic resources has it in its state until the resource's next change.
  names.delete("__provider");
  for (const name of names) {
    for (const [path, kind] of differing(olds[name], news[name], name)) {
      const whole = replaces.includes(name) ? replaced[kind] : kind;
      found.set(path, new PropertyDiff().setKind(whole).setInputdiff(true));
    }
  }
  // Another machine at the same address differs in nothing that an input says.
  for (const name of replaces) {
    if ([...found.keys()].some((path) => nameIn(path) === name)) continue;
    found.set(name, new PropertyDiff().setKind(Kind.UPDATE_REPLACE).setInputdiff(true));
  }
  return found;
}

function nameIn(path: string): string {
  return path.split(/[.[]/)[0] ?? path;
}

type Difference = readonly [path: string, kind: keyof typeof replaced];

function differing(was: unknown, is: unknown, path: string): readonly Difference[] {
  if (isDeepStrictEqual(was, is)) return [];
  if (was === undefined) return [[path, Kind.ADD]];
  if (is === undefined) return [[path, Kind.DELETE]];
  if (!isObject(was) || !isObject(is) || Array.isArray(was) !== Array.isArray(is)) {
    return [[path, Kind.UPDATE]];
  }
  const names = new Set([...Object.keys(was), ...Object.keys(is)]);
  return [...names].flatMap((name) => differing(was[name], is[name], stepped(path, name, Array.isArray(is))));
}

/** Names with a dot in them are quoted, as the engine reads paths. */
function stepped(path: string, name: string, inList: boolean): string {
  if (inList) return `${path}[${name}]`;
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
