/**
 * DockerBridge: Docker's default bridge, docker0, has the address `bip`, and networks that Docker makes get their
 * ranges from the `pools`.
 *
 * On the host it is two keys of /etc/docker/daemon.json, `bip` and `default-address-pools`; all others keep their
 * bytes. dockerd reads them only when it starts (a reload ignores `bip`), so a new value restarts Docker, in a
 * transaction that the host takes back by itself if Docker or the host does not come back. /etc/dockroute/before.json
 * and the output `before` keep what the first change found. The record on the host also names the bridge that holds
 * docker0: a host that got another name takes it over, and another stack's bridge is refused by name.
 *
 * Docker's nftables backend needs two keys more, and a guard that stands in for a rule of Docker's own.
 */
import type { Claim, Claims } from "../../engine/claim.js";
import { heldBy } from "../../engine/claim.js";
import { importsFrom, type Kind } from "../../engine/kind.js";
import * as json from "../../facts/daemon-json.js";
import * as docker from "../../facts/docker.js";
import { v4 } from "../../plan/family.js";
import { read } from "../host/inputs.js";
import { addressOfDocker0, network } from "../host/network.js";
import { routesLeftBehind } from "../route/left-behind.js";
import { ofOthers } from "./addresses.js";
import { ownerOfSetting, recordClaim } from "./before.js";
import { disruption } from "./disruption.js";
import { addressOf, facts, runningPools } from "./facts.js";
import { ofFreedRange } from "./given-back.js";
import { type DockerBridgeInputs, schema } from "./inputs.js";
import { guardClaims } from "./nftables-backend.js";
import { unrecorded } from "./orphans.js";
import { refusals } from "./refusals.js";
import { settingClaims, type WayBack, wayBack } from "./setting.js";
import { warnings } from "./warnings.js";

export type { BridgeSeen } from "./facts.js";
export type { DockerBridgeInputs } from "./inputs.js";

export const dockerBridge: Kind<DockerBridgeInputs, typeof facts> = {
  changes: { bip: "update", pools: "update", networkPrefix: "update" },
  id: ({ host }) => `${host}/bridge`,
  check: (raw) => read(schema, raw),
  facts,

  claims(wanted, seen) {
    const me = { ...wanted, id: dockerBridge.id(wanted) };
    const owner = ownerOfSetting(me, seen);
    // Another stack's: one claim is enough to refuse it by name, and none of the others is this bridge's.
    if (typeof owner === "object") return heldBy(owner, [recordClaim(me, seen, false)]);
    const left = routesLeftBehind(wanted.host, seen);
    const back =
      left.length > 0 ? ({ commands: [], isLast: false } satisfies WayBack) : wayBack(wanted, seen);
    const guard = guardClaims(wanted, me.id, seen);
    return heldBy(owner, [
      recordClaim(me, seen, back.isLast),
      ...(back.isLast ? guard : guard.map(notYet)),
      ...settingClaims(wanted, seen, back),
      ...left,
    ] satisfies Claims);
  },

  observed(held, seen) {
    const bip = addressOf(seen);
    const running = runningPools(seen).filter((pool) => json.isOf(v4, pool));
    const pools =
      held.pools === undefined || running.length === 0 ? {} : { pools: running.map(({ base }) => base) };
    return { ...(bip === undefined ? {} : { bip }), ...pools };
  },

  judge: (wanted, seen, last) => ({
    refuse: refusals(wanted, seen),
    warn: [
      ...warnings(wanted, seen, last["docker"]),
      ...ofOthers(wanted, seen),
      ...ofFreedRange(wanted, seen),
    ],
  }),

  disruptive: disruption,
  orphans: { unrecorded },

  imports: importsFrom(
    { ...network, file: json.file, daemon: docker.daemon },
    (id, { host, endpoint }, seen) => {
      const bip = addressOfDocker0(seen);
      if (bip === undefined || id !== `${host}/bridge`) return [];
      const pools = (json.keysOf(seen.file)["default-address-pools"] ?? []).filter((pool) =>
        json.isOf(v4, pool),
      );
      const [size, ...others] = [...new Set(pools.map((pool) => pool.size))];
      const prefix = size === undefined || size === 24 ? {} : { networkPrefix: size };
      // Networks of several sizes are no input of ours: Docker's own pools stay as they are.
      const own =
        size === undefined || others.length > 0 ? [] : [{ pools: pools.map(({ base }) => base), ...prefix }];
      return [...own, {}].map((more) => ({ host, endpoint, bip, ...more }));
    },
  ),
};

/** The guard stays until Docker runs without the keys that need it. */
function notYet(claim: Claim): Claim {
  return { ...claim, remove: [] };
}
