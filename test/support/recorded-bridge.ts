/** Hosts as they were recorded, seen by a bridge and bent for its tests. */
import assert from "node:assert/strict";
import type { DockerNetwork } from "../../provider/facts/docker-networks.js";
import { printRange } from "../../provider/plan/cidr.js";
import { type BridgeSeen, dockerBridge } from "../../provider/resources/bridge/index.js";
import { networkOf } from "../../provider/resources/host/network.js";
import { seenBy, tablesOf } from "./kind-tables.js";
import { moment } from "./recorded.js";

export const image = "docker28";
export const { bridge: wish } = moment(image, "ours").wishes;
export const { drift, gone, obstacles, refusals, steps, undo: undone, warnings } = tablesOf(dockerBridge);
export const disruptive = dockerBridge.disruptive ?? assert.fail("a bridge stops Docker");
export const daemonJson = "/etc/docker/daemon.json";
export const record = "/etc/dockroute/before.json";

/** A host on which this bridge holds docker0. The recorded record may be one of 0.1.0, without a holder. */
export function held(seen: BridgeSeen, by = `${image}/bridge`): BridgeSeen {
  const text = seen.scripts.files.get(record);
  if (text === undefined) return seen;
  return withRecord(seen, `${JSON.stringify({ ...JSON.parse(text), holder: by }, undefined, 2)}\n`);
}

export function withRecord({ scripts, ...seen }: BridgeSeen, text: string | undefined): BridgeSeen {
  const others = [...scripts.files].filter(([path]) => path !== record);
  const files = new Map([...others, ...(text === undefined ? [] : [[record, text] as const])]);
  return { ...seen, scripts: { ...scripts, files } };
}

/** docker0 has this address, and Docker runs with it. */
export function withAddress(seen: BridgeSeen, own: string): BridgeSeen {
  return runningWith(withAddresses(seen, [own]), own);
}

/** docker0 has these addresses, whichever Docker runs with. */
export function withAddresses(seen: BridgeSeen, addresses: readonly string[]): BridgeSeen {
  const links = seen.links.map((link) => (link.name === "docker0" ? { ...link, addresses } : link));
  return { ...seen, links };
}

/** Docker runs with this address, whichever docker0 has. */
export function runningWith(seen: BridgeSeen, own: string): BridgeSeen {
  const ranges = [{ subnet: printRange(networkOf(own)), gateway: own.replace(/\/.*/, "") }];
  const dockerNetworks = seen.dockerNetworks?.map((each) => (each.isDefault ? { ...each, ranges } : each));
  return { ...seen, dockerNetworks };
}

export const fresh = seenBy(dockerBridge, wish, image, "fresh");
export const all = held(seenBy(dockerBridge, wish, image, "ours"));
/** The bridge alone: an undo takes its routes before it. */
export const ours: BridgeSeen = {
  ...all,
  scripts: {
    files: new Map([...all.scripts.files].filter(([path]) => path === record)),
    enabled: new Set<string>(),
  },
  routes: all.routes.filter(({ protocol }) => protocol !== "219"),
};
export const forgotten =
  `find /etc -maxdepth 2 -depth ( -path ${record} -o ( -path /etc/dockroute ) -empty ) -delete  # remove ${record}, ` +
  "and /etc/dockroute where nothing else is in it";

export const written = (path: string, mode: string, why: string) => [`write ${path} ${mode} 0:0  # ${why}`];
export const restarted = (why: string) => [
  `systemctl reset-failed docker.service  # ${why} (docker)`,
  `systemctl restart docker.service  # ${why} (docker)`,
];
export const restart = "restart Docker, so that docker0 gets 172.30.16.1/24";

export const probed = "probe  # make sure that daemon.json can be replaced and dockerd starts with it";

/** A network as Docker reports it. */
export const reported: DockerNetwork = {
  ...{ id: "0123456789ab", name: "app", driver: "bridge", bridge: "br-0123456789ab", isDefault: false },
  ...{ ranges: [{ subnet: "172.30.17.0/24" }], internal: false, masquerades: true, icc: true },
  ...{ gatewayMode: { ipv4: "nat", ipv6: "nat" }, scope: "local", ingress: false, containers: 0 },
};
/** A host with one more link, and with these networks of Docker. */
export const onLink = (
  name: string,
  own: string,
  networks: readonly DockerNetwork[] | undefined,
): BridgeSeen => ({
  ...fresh,
  links: [...fresh.links, { name, addresses: [own] }],
  dockerNetworks: networks,
});
/** A host on which Docker has one more network, on a bridge of this name. */
export const dockerHas = (name: string, own = "172.30.17.1/24", more: Partial<DockerNetwork> = {}) =>
  onLink(name, own, [...(fresh.dockerNetworks ?? []), { ...reported, bridge: name, ...more }]);
