import assert from "node:assert/strict";
import { chooseNamespaces } from "../../../provider/check/choose.js";
import { type Attachment, attachments, type DockerNetwork } from "../../../provider/facts/docker-networks.js";
import { readFrom, said } from "../../support/recorded.js";

const plan = { address: "10.0.0.1", subnet: "172.30.16.0/20", bridgeAddress: "172.30.16.1/24" };
const network = (name: string, subnet: string, more: Partial<DockerNetwork> = {}): DockerNetwork => ({
  ...{ id: `${name}-id`, name, driver: "bridge", bridge: `br-${name}`, isDefault: false },
  ...{ ranges: [{ subnet }], internal: false, gatewayMode: { ipv4: "nat", ipv6: "nat" } as const },
  ...{ masquerades: true, icc: true, scope: "local", ingress: false, containers: 1 },
  ...more,
});
const bridge = network("bridge", "172.30.16.0/24", { bridge: "docker0", isDefault: true });
const attachment = (container: string, of: string, address: string, networks = 1): Attachment => ({
  ...{ pid: 7, container, networkId: `${of}-id`, address, networks },
});
const inWords = (networks: readonly DockerNetwork[] | undefined, attachments: readonly Attachment[]) =>
  chooseNamespaces(plan, networks, attachments).namespaces.map(
    (namespace) =>
      `${namespace.network ?? "default"}: ${namespace.container?.name ?? "own"} ${namespace.address} ${namespace.bridge}`,
  );

describe("the endpoints of a host", () => {
  it("are the oldest container on docker0, and one of each network of its range", () => {
    const networks = [bridge, network("side", "172.30.17.0/24"), network("far", "10.9.0.0/24")];
    const attachments = [
      attachment("new", "bridge", "172.30.16.3"),
      attachment("old", "bridge", "172.30.16.2"),
      attachment("db", "side", "172.30.17.2"),
      attachment("x", "far", "10.9.0.2"),
    ];
    assert.deepEqual(inWords(networks, attachments), [
      "default: old 172.30.16.2 docker0",
      "side: db 172.30.17.2 br-side",
    ]);
  });

  it("prefer a container that is in no other network", () => {
    const attachments = [
      attachment("only", "bridge", "172.30.16.3"),
      attachment("both", "bridge", "172.30.16.2", 2),
    ];
    assert.deepEqual(inWords([bridge], attachments), ["default: only 172.30.16.3 docker0"]);
    assert.deepEqual(inWords([bridge], attachments.slice(1)), ["default: both 172.30.16.2 docker0"]);
  });

  it("stand in for containers where there are none, or no Docker answers", () => {
    assert.deepEqual(inWords([bridge], []), ["default: own 172.30.16.254 docker0"]);
    assert.deepEqual(inWords(undefined, []), ["default: own 172.30.16.254 docker0"]);
    const renamed = { ...bridge, bridge: "cbr0" };
    assert.deepEqual(inWords([renamed], []), ["default: own 172.30.16.254 cbr0"]);
  });

  it("are in no internal network, and in none that the host does not route to", () => {
    const { bridge: _, ...wire } = network("wire", "172.30.19.0/24", { driver: "macvlan" });
    const networks = [
      bridge,
      network("quiet", "172.30.18.0/24", { internal: true }),
      network("empty", "172.30.20.0/24", { internal: true, containers: 0 }),
      wire,
    ];
    const attachments = [
      attachment("box", "bridge", "172.30.16.2"),
      attachment("db", "quiet", "172.30.18.2"),
      attachment("cam", "wire", "172.30.19.2"),
    ];
    assert.deepEqual(inWords(networks, attachments), ["default: box 172.30.16.2 docker0"]);
    assert.deepEqual(chooseNamespaces(plan, networks, attachments).closed, [
      { network: "quiet", reason: "internal, not meant to be reached" },
      { network: "wire", reason: "of the driver macvlan, which the host does not route to" },
    ]);
  });
});

describe("the containers of Docker's networks", () => {
  it("are those that run and have an address there", () => {
    const line = (pid: number, name: string, networks: object | null) =>
      JSON.stringify({ pid, name, networks });
    const one = { NetworkID: "side-id", IPAddress: "172.30.17.2", Gateway: "172.30.17.1" };
    const text = [
      line(12, "/db", { side: one, constructor: { NetworkID: "quiet-id", IPAddress: "172.30.18.2" } }),
      line(13, "/host", { host: { NetworkID: "host-id", IPAddress: "" } }),
      line(0, "/starting", { side: one }),
      line(14, "/none", null),
    ].join("\n");
    assert.deepEqual(readFrom(attachments, said(text)), [
      { pid: 12, container: "db", networkId: "side-id", address: "172.30.17.2", networks: 2 },
      { pid: 12, container: "db", networkId: "quiet-id", address: "172.30.18.2", networks: 2 },
    ]);
    assert.deepEqual(readFrom(attachments, said("Cannot connect to the Docker daemon\n", 1)), []);
  });
});
