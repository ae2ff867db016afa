/**
 * DockerBridge: Docker's default bridge, docker0, has the address `bip`, and networks that Docker makes get
 * theirs from the `pools`.
 *
 * It is two keys of /etc/docker/daemon.json, `bip` and `default-address-pools`; all others keep their bytes.
 * dockerd reads them only when it starts, so a new value restarts Docker (a reload ignores `bip`), inside the
 * host transaction: if Docker or the host does not come back well, the host returns to the old file by itself.
 * What the first change found lies in /etc/dockroute/before.json and in the output `before`.
 */
import { z } from "zod";
import * as parts from "../../boot/script.js";
import { Refused } from "../../engine/errors.js";
import type { Kind, OnHost, Remembered } from "../../engine/kind.js";
import * as json from "../../facts/daemon-json.js";
import * as docker from "../../facts/docker.js";
import * as nft from "../../facts/nft.js";
import { v4 } from "../../plan/family.js";
import { bip, onHost, range, read } from "../host/inputs.js";
import { questions, readGround } from "../host/network.js";
import { dropLeft } from "../route/index.js";
import * as record from "./before.js";
import { keysFor, poolsFor, runsWith, type Seen } from "./keys.js";
import * as direct from "./nftables-backend.js";
import { onBridge } from "./orphans.js";
import { objections } from "./refusals.js";
import * as notices from "./warnings.js";

export interface DockerBridgeInputs extends OnHost {
  /** docker0's address with its network: an address, not the network's own. Restarts Docker. @example "172.30.1.1/24" */
  readonly bip: string;
  /** Where networks that Docker makes get their ranges from; they may hold the bip. Restarts Docker. @default Docker's own @example ["172.30.16.0/20"] */
  readonly pools?: readonly string[] | undefined;
  /** The size of each such network, a prefix length. @default 24 */
  readonly networkPrefix?: number | undefined;
}

export interface DockerBridgeSeen extends Seen {
  readonly containers: readonly docker.Container[];
}

const schema = z.strictObject({
  ...onHost,
  bip,
  pools: z.array(range).nonempty().optional(),
  networkPrefix: z.number().int().min(8).max(30).optional(),
});

export const dockerBridge: Kind<DockerBridgeInputs, DockerBridgeSeen> = {
  changes: { bip: "update", pools: "update", networkPrefix: "update" },
  id: ({ host }) => `${host}/bridge`,
  check: (raw) => read(schema, raw),
  look: {
    questions: [
      ...questions,
      ...json.questions,
      ...docker.questions,
      docker.containersQuestion,
      ...nft.questions,
      ...parts.questions,
    ],
    later: [docker.containersQuestion],
    read(_, answers) {
      const [content, owner, real, info, containers, rules, files, links] = answers.slice(questions.length);
      if (!content || !owner || !real || !info || !containers || !rules || !files || !links)
        throw new Error("eight answers are missing");
      const ground = readGround(answers);
      const own = ground.links.find(({ name }) => name === "docker0")?.addresses[0];
      const kept = parts.readParts(files, links);
      const old = record.readText(kept.files.get(record.path));
      const file = json.readDaemonJson(content, owner, real);
      const daemon = docker.readDaemon(info);
      const pools = docker.hidesPools(info) ? json.keysOf(file)["default-address-pools"] : undefined;
      return {
        ...ground,
        nft: nft.read(rules),
        parts: kept,
        file,
        daemon: pools === undefined ? daemon : { ...daemon, pools },
        containers: docker.readContainers(containers),
        ...(own === undefined ? {} : { bip: own }),
        ...(old === undefined ? {} : { before: old }),
      };
    },
  },

  objections,

  steps(desired: DockerBridgeInputs & Remembered, seen) {
    // An objection then: there is no text to put keys into.
    if (json.faultOf(seen.file) !== undefined) return [];
    const keys = keysFor(desired, seen);
    const now = json.keysOf(seen.file);
    const text = json.sameKeys(now, keys)
      ? (seen.file.text ?? json.withKeys(seen.file, keys))
      : json.withKeys(seen.file, keys);
    const file = `set bip ${desired.bip} in daemon.json`;
    const restart = `restart Docker, so that docker0 gets ${desired.bip}`;
    return [
      ...(seen.before === undefined ? record.remember(record.readValue(desired.before) ?? seen) : []),
      ...direct.steps(dockerBridge.id(desired), seen),
      ...(!runsWith(desired, seen)
        ? [...direct.forwarding(seen), ...record.startWith(seen.file, text, { file, restart })]
        : json.sameKeys(now, keys)
          ? []
          : json.replaceFile(seen.file, text, file)),
    ];
  },

  undo(held, seen) {
    const wrong = json.faultOf(seen.file);
    if (wrong !== undefined)
      throw new Refused(held.host, dockerBridge.id(held), [{ property: "bip", reason: wrong }]);
    const left = dropLeft(held, seen);
    if (left.length > 0) return left;
    const old = seen.before ?? record.readValue(held.before);
    if (old === undefined) return [];
    const back = record.goBack(old, {
      ...seen,
      pools: seen.daemon.pools,
      recorded: seen.before !== undefined,
    });
    // The guard goes when Docker runs as before, and not with the door still open.
    const restarts = back.some(({ risk }) => risk === "docker");
    return restarts
      ? [...direct.forwarding(seen), ...back]
      : [...direct.undo(dockerBridge.id(held), seen), ...back];
  },

  lost(held, seen) {
    const ours = seen.bip === held.bip || json.keysOf(seen.file).bip === held.bip;
    if (!ours || (seen.before ?? record.readValue(held.before)) !== undefined) return [];
    return [
      `docker0 keeps ${seen.bip ?? "no address"} and daemon.json its bip: what was there before is written down neither in ` +
        `${record.path} nor in the state. To give docker0 another address, set bip to it, restart Docker, and then remove bip`,
    ];
  },

  unrecorded: onBridge,
  restore: (seen) => record.undoTo(seen, seen.before === undefined),
  gone: () => false,

  observed(held, seen) {
    const running = seen.daemon.pools.filter((pool) => json.isOf(v4, pool));
    const pools =
      held.pools === undefined || running.length === 0 ? {} : { pools: running.map(({ base }) => base) };
    return { ...(seen.bip === undefined ? {} : { bip: seen.bip }), ...pools };
  },

  drift(held, seen) {
    const inFile = json.keysOf(seen.file);
    return [
      ...direct.drift(dockerBridge.id(held), seen, inFile),
      ...(seen.bip === undefined ? ["docker0: absent"] : []),
      ...(inFile.bip === held.bip ? [] : [`daemon.json bip: ${inFile.bip ?? "absent"}`]),
      ...(json.samePools(inFile["default-address-pools"], poolsFor(held, seen))
        ? []
        : ["daemon.json default-address-pools: changed"]),
      // Where all are gone there is no other value that `observed` could show; and it has none of the size.
      ...(seen.daemon.version === undefined || json.samePools(seen.daemon.pools, poolsFor(held, seen))
        ? []
        : ["the pools that Docker runs with: changed"]),
      ...(seen.before === undefined ? [`${record.path}: absent`] : []),
    ];
  },

  facts: { names: ["docker"], of: (seen) => ({ docker: notices.dockerIs(seen.daemon) }) },

  notices: (desired, seen, last) => [
    ...notices.ofVersion(last["docker"], seen),
    ...(runsWith(desired, seen) ? [] : notices.ofRestart(desired, seen)),
    ...notices.ofNetworks(desired, seen),
  ],

  unready: (seen) =>
    seen.daemon.version === undefined && seen.daemon.other === undefined
      ? ["Docker does not answer here: is it installed and running?"]
      : [],
  before: (seen) => seen.before,
  found: ({ before, bip, file }) => before ?? { bip, file },
  disrupts: (desired, seen) => !runsWith(desired, seen) && seen.containers.length > 0,
  well(was, now) {
    const running = new Set(now.containers.map(({ name }) => name));
    const away = was.containers.filter(({ name, returns }) => returns && !running.has(name));
    return [
      ...(now.daemon.version === undefined ? ["Docker does not answer"] : []),
      ...(away.length === 0 ? [] : [`not back yet: ${away.map(({ name }) => name).join(", ")}`]),
    ];
  },
};
