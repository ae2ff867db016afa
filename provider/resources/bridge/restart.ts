/** Ways to give docker0 an address, each through daemon.json and a restart of Docker. */
import type { Command } from "../../engine/command.js";
import * as json from "../../facts/daemon-json.js";
import * as docker from "../../facts/docker.js";
import { sameValues } from "../../facts/json-text.js";
import { othersAsBefore, othersOnceMore } from "./addresses.js";
import { forget, type Moment } from "./before.js";
import { addressOf, type CheapSeen, hasAddress, runningPools } from "./facts.js";

/**
 * daemon.json gets this text, and Docker starts with it. With live-restore Docker keeps docker0 as it is while a
 * container runs, without a message. So it is off for this one restart, and the containers stop as they do without.
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

/**
 * Docker starts once more with what the first change found, or [] if it runs with that. dockerd keeps docker0's
 * address when bip is merely taken away, over restarts and reboots. So it must start once with the old one, and the key
 * goes after that.
 */
export function startAsBefore(old: Moment, now: CheapSeen): readonly Command[] {
  const oldKeys = json.keysOf(old.file);
  const isAddressOld = old.bip === undefined ? addressOf(now) === undefined : hasAddress(now, old.bip);
  const runsAsBefore = isAddressOld && json.samePools(oldKeys["default-address-pools"], runningPools(now));
  // dockerd does not report whether it runs with these keys; they are only ever set together with a restart.
  if (runsAsBefore && json.sameDoors(oldKeys, json.keysOf(now.file))) return [];
  const restart = startWith(now.file, withAddress(now.file, oldKeys, old.bip), {
    file: `set bip ${old.bip ?? "to nothing"} in daemon.json, as before`,
    restart: `restart Docker, so that docker0 gets ${old.bip ?? "no address"} back`,
  });
  return [...restart, ...othersAsBefore(old, now)];
}

/** The old bytes, if nothing but our keys has changed since; otherwise the file as it is, with the old values. */
export function oldFile(old: Moment, { file }: Pick<Moment, "file">): readonly Command[] {
  const back = json.withKeys(file, json.keysOf(old.file));
  // As values: a person may write the keys of a pool in another order than ours.
  const sameRest = sameValues(json.valuesOf({ ...file, text: back }), json.valuesOf(old.file));
  const text = sameRest ? old.file.text : back;
  if (text === file.text) return [];
  return json.replaceFile({ ...old.file, path: file.path }, text, "put daemon.json back as it was before");
}

/** Takes back one change: file and docker0 as they were at its beginning, not as before the first one. */
export function rollbackTo(before: Moment, isFirst: boolean): readonly Command[] {
  const { bip, file } = before;
  const back = [
    // Whatever the file holds by then, it is written.
    ...startWith({ ...file, text: undefined }, withAddress(file, json.keysOf(file), bip), {
      file: "put the old bip back",
      restart: "restart Docker with the old bip",
    }),
    ...othersOnceMore(before),
    ...json.replaceFile(file, file.text, "put the old daemon.json back"),
    ...(isFirst ? [forget] : []),
  ];
  // A rollback is not asked whether it may.
  return back.filter(({ probe }) => probe !== true);
}

function withAddress(file: json.DaemonJson, keys: json.Keys, bip: string | undefined): string {
  return json.withKeys(file, bip === undefined ? keys : { ...keys, bip });
}
