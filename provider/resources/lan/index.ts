/**
 * LanNetwork: Docker on this host has the network `name`, whose containers are on the LAN of one of the host's cards.
 *
 * It is a network of Docker's with a label of ours, with a VLAN the link of that VLAN, and beside the containers a link of
 * the host's own, by which the host and its containers reach each other. A script under /etc/dockroute makes the links
 * again at boot and when they are lost.
 */
import * as boot from "../../boot/script.js";
import type { Kind } from "../../engine/kind.js";
import * as arp from "../../facts/arp.js";
import * as docker from "../../facts/docker.js";
import * as dockerLans from "../../facts/docker-lans.js";
import * as link from "../../facts/ip-links.js";
import * as ip from "../../facts/iproute.js";
import { read } from "../host/inputs.js";
import { lanClaims, networkOfName } from "./claims.js";
import { type LanNetworkInputs, schema } from "./inputs.js";
import { lanJudgement } from "./judge.js";
import { layoutOf, ownLinkName } from "./layout.js";
import { observedLan } from "./observed.js";

export type { LanNetworkInputs } from "./inputs.js";

const facts = {
  links: ip.links,
  routes: ip.routes,
  kinds: link.kindsOfLinks,
  arp: link.arpSettingsOf((inputs: Pick<LanNetworkInputs, "name">) => ownLinkName(inputs)),
  networks: dockerLans.madeNetworks,
  hanging: dockerLans.hanging,
  removed: docker.isRemoved,
  neighbours: arp.neighbours(probeOf),
  scripts: boot.scripts,
};

export const lanNetwork: Kind<LanNetworkInputs, typeof facts> = {
  changes: {
    ...{
      name: "replace",
      driver: "update",
      address: "update",
      parent: "update",
      vlan: "update",
      subnet: "update",
    },
    ...{
      gateway: "update",
      range: "update",
      reserved: "update",
      hostAccess: "update",
      moveContainers: "update",
    },
  },
  id: ({ host, name }) => `${host}/lan/${name}`,
  check: (raw) => read(schema, raw),
  facts,
  claims: lanClaims,
  observed: observedLan,
  judge: lanJudgement,

  outputs: {
    names: ["networkId", "hostAddress"],
    defaults: ["parent"],
    of(wanted, seen) {
      const { parent, hostAddress } = layoutOf(wanted, seen);
      return { parent, hostAddress, networkId: networkOfName(wanted, seen)?.id };
    },
  },
};

/** The VLAN's link may not be there yet: then nobody can be asked. */
function probeOf({ name, driver, address, parent, vlan, range }: LanNetworkInputs): arp.Probe | undefined {
  if (driver === "ipvlan-l3" || (address === undefined && parent === undefined)) return undefined;
  if (vlan === undefined) return { name, address, link: parent, range };
  return parent === undefined ? undefined : { name, address, link: `${parent}.${vlan}`, range };
}
