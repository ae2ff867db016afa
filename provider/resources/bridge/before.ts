/** /etc/dockroute/before.json: the findings of the first change of docker0 on the host, and docker0's holder now. */
import { z } from "zod";
import { type Holder, inWords, ownerOf } from "../../boot/owner.js";
import type { Claim } from "../../engine/claim.js";
import type { Command } from "../../engine/command.js";
import type { Remembered } from "../../engine/kind.js";
import type * as json from "../../facts/daemon-json.js";
import { removeWithFolders, writeFile } from "../../facts/files.js";
import { directory } from "../../facts/places.js";
import { othersOf, routedElsewhere } from "./addresses.js";
import { addressOf, type CheapSeen } from "./facts.js";

/** docker0 and daemon.json at some moment. */
export interface Moment {
  /** The address with which Docker ran docker0, "172.17.0.1/16". undefined if it had none. */
  readonly bip?: string | undefined;
  /** docker0's addresses beside that one. A record without them names none: there were none, or it is an older one. */
  readonly others?: readonly string[] | undefined;
  /** Routes that led parts of docker0's range elsewhere: they are in nobody's way when docker0 gets it back. */
  readonly routed?: readonly string[] | undefined;
  readonly file: json.DaemonJson;
}

/** The file's content. */
export interface Found extends Moment {
  /** "alpha/bridge of mesh/production". dockroute 0.1.0 wrote no holder. */
  readonly holder?: string | undefined;
}

export const path = `${directory}/before.json`;

const moment = {
  bip: z.string().optional(),
  others: z.array(z.string()).optional(),
  routed: z.array(z.string()).optional(),
  file: z.object({ text: z.string().optional(), mode: z.string(), owner: z.string(), path: z.string() }),
};
const onHost: z.ZodType<Found> = z.object({ ...moment, holder: z.string().optional() });
const inState: z.ZodType<Moment> = z.object(moment);

/** The record on the host. undefined if there is none that can be read. */
export function recordOf({ scripts }: Pick<CheapSeen, "scripts">): Found | undefined {
  const text = scripts.files.get(path);
  if (text === undefined) return undefined;
  try {
    return onHost.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The findings of the first change: by the record on the host, otherwise by the state's own copy. */
export function foundBy({ before }: Remembered, seen: CheapSeen): Moment | undefined {
  return recordOf(seen) ?? readValue(before);
}

/** The state's own copy. undefined if it is none that can be read. */
export function readValue(value: unknown): Moment | undefined {
  return inState.safeParse(value).data;
}

/** The findings of which the state keeps a copy: those of the first change, or those that a change would make now. */
export function toRemember(seen: CheapSeen): Moment {
  const { bip, file, others, routed } = recordOf(seen) ?? momentOf(seen);
  return { bip, file, ...somethingOf({ others, routed }) };
}

/** docker0 and daemon.json as they are. */
export function momentOf(seen: CheapSeen): Moment {
  const [others, routed] = [othersOf(seen), routedElsewhere(seen)];
  return { bip: addressOf(seen), file: seen.file, ...somethingOf({ others, routed }) };
}

/** On most hosts both are empty, and are left out. */
function somethingOf(lists: Pick<Moment, "others" | "routed">): Pick<Moment, "others" | "routed"> {
  return Object.fromEntries(
    Object.entries(lists).filter(([, list]) => list !== undefined && list.length > 0),
  );
}

/** The owner of docker0's setting. undefined if it is this bridge, or nobody has changed the setting yet. */
export function ownerOfSetting(me: Holder, seen: CheapSeen): Claim["notOurs"] {
  return ownerOf(recordOf(seen)?.holder, me);
}

/**
 * The record is on the host and names this bridge. A successor writes its own name into it and keeps the findings of the
 * first change. A record without a holder, or with the stack's former name, gets it with the next change: this alone
 * is no drift.
 *
 * @param remove true if the record can go; it goes last
 */
export function recordClaim(me: Holder & Remembered, seen: CheapSeen, remove: boolean): Claim {
  const record = recordOf(seen);
  const owner = ownerOfSetting(me, seen);
  const held = record?.holder;
  const isNamed = held !== undefined && (me.stack === undefined || held === inWords(me));
  const isSo = record !== undefined && owner === undefined && isNamed;
  return {
    what: path,
    is: isSo ? "so" : record === undefined ? "absent" : "changed",
    ...(owner === undefined ? {} : { found: `held by ${held}` }),
    shown: record !== undefined && owner === undefined,
    make: write({ ...(foundBy(me, seen) ?? toRemember(seen)), holder: inWords(me) }),
    remove: remove ? [forget] : [],
  };
}

function write({ bip, file, others, routed, holder }: Found): readonly Command[] {
  const text = `${JSON.stringify({ bip, others, routed, file, holder }, undefined, 2)}\n`;
  return [writeFile({ path, text, mode: "600", why: `write down in ${path} what was there before` })];
}

export const forget: Command = removeWithFolders(
  [path],
  [directory],
  `remove ${path}, and ${directory} where nothing else is in it`,
);
