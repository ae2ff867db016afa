/**
 * PeerRoute: on the host, the range `destination` is reached through the peer's address `gateway`, or by a `link`.
 *
 * It is a kernel route with dockroute's own protocol number, in the main table, and a script under
 * /etc/dockroute that puts it back at boot and after each start of Docker.
 */
import { z } from "zod";
import * as boot from "../../boot/script.js";
import type { Claims } from "../../engine/claim.js";
import { importsFrom, type Kind } from "../../engine/kind.js";
import * as ip from "../../facts/iproute.js";
import { hostName, onHost, read } from "../host/inputs.js";
import {
  common,
  isStrangers,
  notNeeded,
  observedRoute,
  oneWay,
  type PeerRouteInputs,
  routeClaim,
  routeClaims,
  routeFaults,
  scriptOf,
  wayForm,
} from "./claims.js";
import { waysFound } from "./found.js";
import { linkFactsOf } from "./link.js";

export type { PeerRouteInputs } from "./claims.js";
export type { LinkToPeer } from "./link-form.js";

export const routeForm = z.strictObject({ ...onHost, peer: hostName, ...wayForm.shape }).superRefine(oneWay);

const facts = {
  ...common,
  ...linkFactsOf(({ link }: Pick<PeerRouteInputs, "link">) => [link]),
  ways: ip.waysTo(({ gateway }: Pick<PeerRouteInputs, "gateway">) =>
    gateway === undefined ? [] : [gateway],
  ),
};

export const peerRoute: Kind<PeerRouteInputs, typeof facts> = {
  changes: {
    peer: "replace",
    destination: "replace",
    gateway: "update",
    interface: "update",
    routed: "update",
    link: "update",
  },
  id: ({ host, peer }) => `${host}/to/${peer}`,
  check: (raw) => read(routeForm, raw),
  facts,

  claims(wanted, seen) {
    const holder = { ...wanted, id: peerRoute.id(wanted) };
    const route = routeClaim(wanted, holder, seen);
    const kept = boot.keptAtBoot(scriptOf(wanted, holder, seen), seen.scripts);
    if (isStrangers(route)) return [route, ...leftToStranger(kept)];
    return [...routeClaims(wanted, holder, route, seen), ...kept];
  },

  observed: observedRoute,
  judge: (wanted, seen) => ({ refuse: routeFaults(wanted, seen) }),

  // It depends on the peer's bridge too: a failed delete would keep that bridge from being restored.
  orphans: { heir: ({ host }) => `${host}/bridge` },

  imports: importsFrom(common, (id, where, seen) => {
    const [, way, peer] = id.split("/");
    if (way !== "to" || peer === undefined) return [];
    return waysFound(id, peer, where, seen).flatMap(({ destination, gateway, interface: link }) => {
      const inputs = { host: where.host, endpoint: where.endpoint, peer, destination, gateway };
      return [inputs, { ...inputs, interface: link }];
    });
  }),
};

/** A stranger's route that already leads there stays the stranger's, at boot too: a script of ours would replace it. */
function leftToStranger(kept: Claims): Claims {
  return kept.flatMap(({ what, is, notOurs, remove }): Claims => {
    if (is === "absent" || notOurs !== undefined || "reason" in remove) return [];
    return [{ what, is: "changed", found: notNeeded, make: remove, remove }];
  });
}
