/**
 * HostLink: a host's end of the links to hosts of other sites, one device for all of its peers.
 *
 * WireGuard: a device with a key that is made on the host and never leaves it; the public key is an output, which the
 * PeerRoutes of the other hosts take. VXLAN: a device whose MAC address follows from the host's subnet, so nothing has to
 * be exchanged. The peers themselves, and the routes to them, are the PeerRoutes'.
 *
 * Docker's rules and dockroute's own let nobody in by the device. A ForwardRule's `links` does.
 */
import * as boot from "../../boot/script.js";
import { heldBy } from "../../engine/claim.js";
import type { Kind, Remembered } from "../../engine/kind.js";
import { read } from "../host/inputs.js";
import { deviceClaim, deviceLines, keyClaim, unitClaims } from "./device.js";
import { facts, type HostLinkSeen, mtuOf } from "./facts.js";
import { deviceOf, type HostLinkInputs, portOf, schema } from "./inputs.js";
import { refusals, warnings } from "./judge.js";
import { openingClaims, openingLines, policyClaims } from "./opening.js";

export type { HostLinkInputs } from "./inputs.js";

export const hostLink: Kind<HostLinkInputs, typeof facts> = {
  changes: {
    ...{ kind: "replace", address: "update", port: "update", mtu: "update" },
    ...{ interface: "update", sources: "update" },
  },
  id: ({ host }) => `${host}/link`,
  check: (raw) => read(schema, raw),
  facts,

  claims(wanted, seen) {
    const script = scriptOf(wanted, seen);
    const load = boot.load(script, `put ${deviceOf(wanted)} in place, with its port ${portOf(wanted)}`);
    return heldBy(boot.holderOf(script, seen.scripts), [
      // First, and so last in an undo: a reload of firewalld before 2 empties iptables.
      ...policyClaims(wanted, seen),
      ...keyClaim(wanted, seen),
      ...unitClaims(wanted, seen),
      ...openingClaims(wanted, seen, [load]),
      deviceClaim(wanted, seen, load),
      ...boot.keptAtBoot(script, seen.scripts),
    ]);
  },

  observed: () => ({}),
  judge: (wanted, seen) => ({ refuse: refusals(wanted, seen), warn: warnings(wanted, seen) }),

  outputs: {
    names: ["device", "publicKey"],
    defaults: ["mtu"],
    of: (wanted, seen) => ({
      device: deviceOf(wanted),
      publicKey: seen.wireguard.key?.publicKey,
      mtu: mtuOf(wanted, seen),
    }),
  },
};

function scriptOf(wanted: HostLinkInputs & Remembered, seen: HostLinkSeen): boot.Script {
  return {
    kind: "link",
    subject: deviceOf(wanted),
    holder: { ...wanted, id: hostLink.id(wanted) },
    about: `The device ${deviceOf(wanted)}, by which hosts of other sites are reached.`,
    // The port is closed to strangers before the device is there.
    lines: [...openingLines(wanted), ...deviceLines(wanted, seen)],
  };
}
