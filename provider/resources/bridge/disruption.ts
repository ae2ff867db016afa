/** The effects of a change of docker0 on the rest of a host: Docker restarts, and its containers stop. */
import type { Disruptive } from "../../engine/kind.js";
import * as json from "../../facts/daemon-json.js";
import { sameValues } from "../../facts/json-text.js";
import { addressesOfDocker0 } from "../host/network.js";
import { foundBy, momentOf, ownerOfSetting, path, recordOf, toRemember } from "./before.js";
import { otherDocker } from "./conflicts.js";
import { addressOf, type BridgeSeen, type facts } from "./facts.js";
import { keepsDocker0, keepVariable } from "./given-back.js";
import type { DockerBridgeInputs } from "./inputs.js";
import { rollbackTo } from "./restart.js";
import { isDockerGone } from "./setting.js";
import { dockerIs } from "./warnings.js";

export const disruption: Disruptive<DockerBridgeInputs, typeof facts> = {
  notReady: ({ daemon, ...seen }) =>
    daemon.version === undefined &&
    daemon.other === undefined &&
    otherDocker({ daemon, ...seen }).length === 0
      ? ["Docker does not answer here: is it installed and running?"]
      : [],
  running: ({ containers }) => containers.map(({ name }) => name),
  rollback: (before) => rollbackTo(momentOf(before), recordOf(before) === undefined),

  unhealthy(before, now) {
    const running = new Set(now.containers.map(({ name }) => name));
    const away = before.containers.filter(({ name, returns }) => returns && !running.has(name));
    return [
      ...(now.daemon.version === undefined ? ["Docker does not answer"] : []),
      ...(away.length === 0
        ? []
        : [`not back yet: ${away.map(({ name }) => withReason(name, now)).join(", ")}`]),
    ];
  },

  differences(before, now) {
    const [was, is] = [before, now].map((seen) => [...addressesOfDocker0(seen)].sort().join(", "));
    const isDown = before.daemon.version !== undefined && now.daemon.version === undefined;
    const running = new Set(now.containers.map(({ name }) => name));
    const away = before.containers.filter(({ name }) => !running.has(name));
    const inWords = away.map(({ name, returns }) => (returns ? name : `${name} (it has no restart policy)`));
    return [
      ...(was === is ? [] : [`docker0 had ${was || "no address"}, and has ${is || "no address"}`]),
      ...(isDown ? ["Docker does not answer"] : []),
      ...(isDown || addressOf(before) === addressOf(now)
        ? []
        : [`Docker ran docker0 with ${addressOf(before)}, and runs it with ${addressOf(now)}`]),
      ...(sameValues(before.file, now.file)
        ? []
        : [`${json.path} has not the bytes, the mode and the owner that it had`]),
      ...(away.length === 0 ? [] : [`containers that ran do not run: ${inWords.join(", ")}`]),
    ];
  },

  remembers: toRemember,

  lost(held, seen) {
    const isSuccessors = ownerOfSetting({ ...held, id: `${held.host}/bridge` }, seen) !== undefined;
    if (isSuccessors) return [];
    const address = addressOf(seen);
    const isOurs = address === held.bip || json.keysOf(seen.file).bip === held.bip;
    const isKnown = foundBy(held, seen) !== undefined;
    if (isDockerGone(seen) && isKnown) return [ofRemovedDocker(held, seen)];
    if (isKnown && keepsDocker0(held)) return [ofKept(seen)];
    if (!isOurs || isKnown) return [];
    return [
      `docker0 keeps ${address ?? "no address"} and daemon.json its bip: what was there before is written down neither in ` +
        `${path} nor in the state. To give docker0 another address, set bip to it, restart Docker, and then remove bip`,
    ];
  },

  traits: { names: ["docker"], of: ({ daemon }) => ({ docker: dockerIs(daemon) }) },
};

/** The container with Docker's message on its failed start. */
function withReason(name: string, { stopped }: BridgeSeen): string {
  const error = stopped.find((each) => each.name === name)?.error;
  return error === undefined ? name : `${name} (Docker cannot start it: ${error})`;
}

function ofKept(seen: BridgeSeen): string {
  const address = addressOf(seen) ?? "no address";
  return (
    `docker0 keeps ${address} and daemon.json its bip, because ${keepVariable} names this host; all else is removed. To ` +
    "give docker0 another address later, set bip in daemon.json to it, and restart Docker"
  );
}

function ofRemovedDocker({ bip }: DockerBridgeInputs, seen: BridgeSeen): string {
  const file =
    seen.file.text === undefined ? "daemon.json is gone with it" : "daemon.json is put back as it was before";
  return (
    `Docker is no longer installed here, so ${file} and nothing is restarted. A Docker that is installed again and finds ` +
    `its old /var/lib/docker gives docker0 the address ${bip} until it has started once with another bip`
  );
}
