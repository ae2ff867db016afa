/**
 * /etc/docker/daemon.json, which belongs to the user: dockroute sets and removes only its own keys, and everything else
 * keeps its bytes. Docker reads plain JSON, so comments and double keys are refused.
 */
import { type ParseError, parseTree } from "jsonc-parser";
import { z } from "zod";
import { asset } from "../engine/asset.js";
import type { Answer, Command } from "../engine/command.js";
import { fact } from "../engine/fact.js";
import { parseInterface, printRange } from "../plan/cidr.js";
import type { Family } from "../plan/family.js";
import { type NewFile, removeFile, writeFile } from "./files.js";
import { withKey } from "./json-text.js";

export const path = "/etc/docker/daemon.json";

const questions = [
  { why: "read daemon.json", argv: ["cat", path], quick: ["file", path] },
  {
    why: "read daemon.json's owner and mode",
    argv: ["stat", "-L", "-c", "%a %u:%g", path],
    quick: ["owner", path],
  },
  { why: "read where daemon.json really lies", argv: ["readlink", "-f", path], quick: ["place", path] },
] as const satisfies readonly Command[];

/** The file with its owner, mode and place. */
export const file = fact(questions, readDaemonJson);

/** The file as found. `text` is undefined if there is none. */
export interface DaemonJson {
  readonly text?: string | undefined;
  readonly mode: string;
  readonly owner: string;
  /** The path of the bytes: a symbolic link stays one, and its target is written. */
  readonly path: string;
}

/** One of `default-address-pools`: a range, and the size of the networks that are cut from it. */
export interface Pool {
  readonly base: string;
  readonly size: number;
}

/** dockroute's own keys. undefined: the file does not have the key. */
export interface Keys {
  readonly bip?: string | undefined;
  readonly "default-address-pools"?: readonly Pool[] | undefined;
  /** From Docker 28.2: packets may reach a container's address by another link than the container's bridge. */
  readonly "allow-direct-routing"?: boolean | undefined;
  /** From Docker 29, nftables backend: packets with this mark are let in, "0x10000000/0x10000000". */
  readonly "bridge-accept-fwmark"?: string | undefined;
}

const ours = [
  "bip",
  "default-address-pools",
  "allow-direct-routing",
  "bridge-accept-fwmark",
] as const satisfies readonly (keyof Keys)[];

function readDaemonJson(content: Answer, owner: Answer, real: Answer): DaemonJson {
  const [mode = "644", who = "0:0"] = owner.code === 0 ? owner.stdout.trim().split(" ") : [];
  return {
    ...(content.code === 0 ? { text: content.stdout } : {}),
    mode,
    owner: who,
    path: real.code === 0 && real.stdout.trim() !== "" ? real.stdout.trim() : path,
  };
}

/** No person writes so many. The copy in /etc/dockroute is read whole up to 100,000 bytes. */
const mostCharacters = 40_000;

/** The fault of the file, in words. undefined if Docker would read it. */
export function faultOf({ text }: DaemonJson): string | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  if (text.length > mostCharacters) {
    return `${path} has ${text.length} characters; dockroute keeps a copy of it, and at most ${mostCharacters} are allowed`;
  }
  const errors: ParseError[] = [];
  const root = tree(text, errors);
  if (errors.length > 0 || root?.type !== "object") {
    return `${path} is not plain JSON (dockerd would not start with it either): mend it by hand first`;
  }
  const keys = (root.children ?? []).map((property) => String(property.children?.[0]?.value));
  const twice = keys.find((key, at) => keys.indexOf(key) !== at);
  return twice === undefined ? undefined : `${path} has the key "${twice}" twice: remove one by hand first`;
}

/** undefined if the text is nested deeper than the parser's stack: no person wrote that. */
function tree(text: string, errors: ParseError[]): ReturnType<typeof parseTree> {
  try {
    return parseTree(text, errors, { disallowComments: true });
  } catch {
    return undefined;
  }
}

/** All keys of the file. {} if there is no file, or it cannot be read. */
export function valuesOf({ text }: Pick<DaemonJson, "text">): Readonly<Record<string, unknown>> {
  if (text === undefined || text.trim() === "") return {};
  try {
    const parsed: unknown = JSON.parse(text);
    // A value nested too deeply to be written again is read by nobody.
    JSON.stringify(parsed);
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

const shapes = {
  bip: z.string(),
  "default-address-pools": z.array(z.object({ base: z.string(), size: z.number() })),
  "allow-direct-routing": z.boolean(),
  "bridge-accept-fwmark": z.string(),
} as const;

/** Our keys as the file has them, without values that dockerd would not take. */
export function keysOf(file: DaemonJson): Keys {
  const values = valuesOf(file);
  return Object.fromEntries(
    ours.flatMap((key) => {
      const { data } = shapes[key].safeParse(values[key]);
      return data === undefined ? [] : [[key, data]];
    }),
  );
}

export function sameKeys(a: Keys, b: Keys): boolean {
  return (
    a.bip === b.bip && samePools(a["default-address-pools"], b["default-address-pools"]) && sameDoors(a, b)
  );
}

/** The keys by which Docker's nftables backend lets packets in. */
export function sameDoors(a: Keys, b: Keys): boolean {
  return (
    a["allow-direct-routing"] === b["allow-direct-routing"] &&
    a["bridge-accept-fwmark"] === b["bridge-accept-fwmark"]
  );
}

/**
 * True if both lists have the same pools. Docker prints a base without its host bits, an IPv6 one in RFC 5952's form,
 * and the list in an order of its own: these are no differences.
 */
export function samePools(a: readonly Pool[] = [], b: readonly Pool[] = []): boolean {
  const [one, other] = [a, b].map((pools) => pools.map(normalForm).sort());
  return JSON.stringify(one) === JSON.stringify(other);
}

function normalForm({ base, size }: Pool): string {
  const parsed = parseInterface(base);
  return `${"value" in parsed ? printRange(parsed.value.range) : base} in /${size}`;
}

/** True if a pool gives addresses of this family. */
export function isOf(family: Family, { base }: Pool): boolean {
  return "value" in parseInterface(base, family);
}

/** The text with exactly these of our keys, in the file's own indentation. Everything else keeps its bytes. */
export function withKeys(file: DaemonJson, keys: Keys): string {
  const text = file.text === undefined || file.text.trim() === "" ? "{}\n" : file.text;
  return ours.reduce((now, key) => withKey(now, key, keys[key]), text);
}

/** True if the file turns live-restore on. dockerd's command line can turn it on too. */
export function hasLiveRestore(text: string | undefined): boolean {
  return text !== undefined && valuesOf({ text })["live-restore"] === true;
}

export function withoutLiveRestore(text: string): string {
  return withKey(text, "live-restore", false);
}

/**
 * Tries whether this text can replace the file, and asks dockerd whether it would start with it: `dockerd --validate` with
 * the flags that it runs with (Docker 23 and later) names each flag that stands beside a key. Nothing is changed.
 */
export function probeFile({ path: file }: DaemonJson, text: string): Command {
  const why = "make sure that daemon.json can be replaced and dockerd starts with it";
  return {
    why,
    argv: ["sh", "-c", asset("facts/probe-daemon-json.sh"), "sh", file],
    stdin: text,
    probe: true,
  };
}

/** Replaces the file, with owner and mode as before. Without a text it removes the file. */
export function replaceFile(file: DaemonJson, text: string | undefined, why: string): readonly Command[] {
  if (text === undefined) return [removeFile(file.path, why)];
  const anew: NewFile = { path: file.path, text, mode: file.mode, owner: file.owner, why };
  return [writeFile(anew)];
}
