/** What the first change of docker0 found, kept on the host and in the state, and the ways back to it. */
import { z } from "zod";
import type { Command } from "../../engine/command.js";
import * as json from "../../facts/daemon-json.js";
import * as docker from "../../facts/docker.js";
import { removeWithFolders, writeFile } from "../../facts/files.js";
import { directory } from "../../facts/places.js";

export interface Before {
  /** docker0's address; undefined where it had none. */
  readonly bip?: string | undefined;
  readonly file: json.DaemonJson;
}

/** docker0 and daemon.json at some moment. */
export type Moment = Before;

export const path = `${directory}/before.json`;

const shape: z.ZodType<Before> = z.object({
  bip: z.string().optional(),
  file: z.object({ text: z.string().optional(), mode: z.string(), owner: z.string(), path: z.string() }),
});

export function readText(text: string | undefined): Before | undefined {
  if (text === undefined) return undefined;
  try {
    return readValue(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The state's own copy. */
export function readValue(value: unknown): Before | undefined {
  return shape.safeParse(value).data;
}

export function remember({ bip, file }: Before): readonly Command[] {
  const text = `${JSON.stringify({ bip, file }, undefined, 2)}\n`;
  return writeFile({ path, text, mode: "600", why: `write down in ${path} what was there before` });
}

/**
 * daemon.json gets this text, and Docker starts with it. With live-restore Docker keeps docker0 as it is while a
 * container runs, without a word; so it is off for this one restart, and the containers stop as they do without.
 */
export function startWith(
  file: json.DaemonJson,
  text: string,
  why: { readonly file: string; readonly restart: string },
): readonly Command[] {
  const write = (now: string, because = why.file) => json.replaceFile(file, now, because);
  const restart = docker.restart(why.restart);
  const probe = json.probeFile(file, text);
  if (!json.hasLiveRestore(text)) return [...(text === file.text ? [] : [probe, ...write(text)]), ...restart];
  const off = "turn live-restore off for a restart, or Docker would ignore the new bip";
  const on = "turn live-restore on again";
  return [
    probe,
    ...write(json.withoutLiveRestore(text), off),
    docker.loadLiveRestore(false, off),
    ...restart,
    ...write(text),
    docker.loadLiveRestore(true, on),
  ];
}

const forget: readonly Command[] = [
  removeWithFolders([path], [directory], `remove ${path}, and ${directory} where nothing else is in it`),
];

/**
 * Back to what the first change found, one step at a time. dockerd keeps docker0's address when bip is merely
 * taken away, over restarts and reboots: it must start once with the old one, and then loses the key.
 */
export function goBack(
  old: Before,
  now: Moment & { readonly pools: readonly json.Pool[]; readonly recorded: boolean },
): readonly Command[] {
  const oldKeys = json.keysOf(old.file);
  const runsAsBefore = now.bip === old.bip && json.samePools(oldKeys["default-address-pools"], now.pools);
  // dockerd does not say whether it runs with these; they are not set without a restart that follows.
  if (runsAsBefore && json.sameDoors(oldKeys, json.keysOf(now.file))) {
    return [...oldFile(old, now), ...(now.recorded ? forget : [])];
  }
  return startWith(now.file, withAddress(now.file, oldKeys, old.bip), {
    file: `set bip ${old.bip ?? "to nothing"} in daemon.json, as before`,
    restart: `restart Docker, so that docker0 gets ${old.bip ?? "no address"} back`,
  });
}

/** The undo of one change: file and docker0 as they were at its beginning, not as before the first one. */
export function undoTo(moment: Moment, isFirst: boolean): readonly Command[] {
  const { bip, file } = moment;
  const back = [
    // Whatever the file is by then, it is written.
    ...startWith({ ...file, text: undefined }, withAddress(file, json.keysOf(file), bip), {
      file: "put the old bip back",
      restart: "restart Docker with the old bip",
    }),
    ...json.replaceFile(file, file.text, "put the old daemon.json back"),
    ...(isFirst ? forget : []),
  ];
  // An undo is not asked whether it may.
  return back.filter(({ probe }) => probe !== true);
}

function withAddress(file: json.DaemonJson, keys: json.Keys, bip: string | undefined): string {
  return json.withKeys(file, bip === undefined ? keys : { ...keys, bip });
}

/** The old bytes, where nothing but our keys has changed since; else the file as it is, with the old values. */
function oldFile(old: Before, { file }: Moment): readonly Command[] {
  const back = json.withKeys(file, json.keysOf(old.file));
  const sameRest =
    JSON.stringify(json.valuesOf({ ...file, text: back })) === JSON.stringify(json.valuesOf(old.file));
  const text = sameRest ? old.file.text : back;
  if (text === file.text) return [];
  return json.replaceFile({ ...old.file, path: file.path }, text, "put daemon.json back as it was before");
}
