/** A program that declares a mesh of two sites by its resources, as a person would without the planner. */
import type { Lab } from "../../lab/lab.js";
import { root } from "../support/stack.js";

/** The way between hosts of different sites; "direct" is as if all were one site. */
export type Between = "wireguard" | "vxlan" | "direct";

export interface Options {
  readonly between: Between;
  /** Names of hosts that others cannot call: they are behind NAT. */
  readonly behindNat?: readonly string[];
  readonly mtu?: number;
  /** Names of hosts of the other site. @default those whose card is in the lab's far site */
  readonly far?: readonly string[];
}

/** The part of the host with this place in the lab: "172.30.1". */
export const partOf = (at: number): string => `172.30.${at + 1}`;

export function programOf(lab: Lab, { between, behindNat = [], mtu, far }: Options): string {
  const hosts = lab.hosts.map(({ name, address, state }, at) => ({
    ...{
      name,
      address,
      part: partOf(at),
      far: far?.includes(name) ?? state.farSite === true,
      nat: behindNat.includes(name),
    },
  }));
  return `
import * as pulumi from "@pulumi/pulumi";
import { DockerBridge, ForwardRule, HostLink, MasqueradeRule, PeerRoute } from "${root}/provider/index.js";

const between: string = ${JSON.stringify(between)};
const mtu = ${JSON.stringify(mtu ?? null)} ?? undefined;
const hosts = ${JSON.stringify(hosts)};
const device = between === "vxlan" ? "dr-vx" : "dr-wg";
const apart = (a: { far: boolean }, b: { far: boolean }) => between !== "direct" && a.far !== b.far;

const members = hosts.map((host) => {
  const on = { host: host.name, endpoint: \`root@\${host.address}:22\` };
  const bridge = new DockerBridge(\`\${host.name}-bridge\`, { ...on, bip: \`\${host.part}.1/24\` });
  const far = hosts.filter((peer) => apart(host, peer));
  const isCalled = far.some(({ nat }) => nat);
  const link = far.length === 0 ? undefined : new HostLink(
    \`\${host.name}-link\`,
    { ...on, kind: between as "wireguard" | "vxlan", address: \`\${host.part}.0/32\`, mtu, sources: isCalled ? [] : far.map(({ address }) => address) },
    { dependsOn: [bridge] },
  );
  return { ...host, on, bridge, link };
});
const rules = new Map(members.map((me) => {
  const near = members.filter((peer) => peer !== me && !apart(me, peer));
  const far = members.filter((peer) => apart(me, peer));
  const links = far.length === 0 ? undefined : { [device]: far.map(({ part }) => \`\${part}.0/24\`) };
  const options = { dependsOn: [me.bridge, ...(me.link ? [me.link] : [])] };
  const parts = near.map(({ part }) => \`\${part}.0/24\`);
  const sources = [...parts, ...near.map(({ address }) => \`\${address}/32\`)];
  return [me.name, [
    new MasqueradeRule(\`\${me.name}-masquerade\`, { ...me.on, source: \`\${me.part}.0/24\`, exclude: parts, links }, options),
    new ForwardRule(\`\${me.name}-forward\`, { ...me.on, destination: \`\${me.part}.0/24\`, sources, links }, options),
  ]] as const;
}));
for (const me of members) {
  for (const peer of members.filter((each) => each !== me)) {
    const way = !apart(me, peer) ? { gateway: peer.address } : {
      link: between === "vxlan"
        ? pulumi.output({ device, endpoint: peer.address, address: \`\${peer.part}.0\` })
        : pulumi.output({
            device,
            publicKey: peer.link!.publicKey,
            ...(peer.nat ? {} : { endpoint: \`\${peer.address}:51820\` }),
            ...(me.nat ? { keepalive: 5 } : {}),
          }),
    };
    const both = [me, peer].flatMap((each) => [each.bridge, ...(each.link ? [each.link] : []), ...(rules.get(each.name) ?? [])]);
    new PeerRoute(\`\${me.name}-to-\${peer.name}\`, { ...me.on, peer: peer.name, destination: \`\${peer.part}.0/24\`, ...way }, { dependsOn: both });
  }
}
export const keys = members.map(({ link }) => link?.publicKey);
`;
}
