import assert from "node:assert/strict";
import { runProgram as run } from "../../support/program.js";

const hosts = [
  { name: "alpha", address: "10.0.0.5", site: "fra" },
  { name: "beta", address: "10.0.0.6", site: "fra" },
  { name: "gamma", address: "192.168.1.4", site: "home", publicAddress: "none" },
];
const config = { pool: "172.30.0.0/16", between: "wireguard", hosts };

async function inputsOf(more: object = {}) {
  const { made, edges, outputs } = await run({ ...config, ...more });
  const inputs = (name: string) => {
    const { __provider, stack, host, endpoint, ...rest } = made.get(name)?.inputs ?? {};
    return "link" in rest ? { ...rest, link: withoutKey(rest["link"]) } : rest;
  };
  return { inputs, edges, outputs, names: [...made.keys()].sort() };
}

/** The mocks make no key, so it is unknown. */
function withoutKey(link: unknown): unknown {
  assert.ok(typeof link === "object" && link !== null);
  const { publicKey, ...rest } = { publicKey: undefined, ...link };
  assert.equal(publicKey === undefined, "address" in rest);
  return rest;
}

describe("the program, with hosts of two sites", () => {
  it("makes a link on each host that has a peer in the other site", async () => {
    const { inputs } = await inputsOf();
    assert.deepEqual(inputs("alpha-link"), {
      ...{ kind: "wireguard", port: 51820, address: "172.30.0.0/32", sources: [] },
    });
    assert.deepEqual(inputs("gamma-link"), {
      ...{
        kind: "wireguard",
        port: 51820,
        address: "172.30.2.0/32",
        sources: ["10.0.0.5/32", "10.0.0.6/32"],
      },
    });
  });

  it("leads direct peers by the card and linked ones by the device", async () => {
    const { inputs } = await inputsOf({ link: { keepalive: 15 } });
    assert.deepEqual(inputs("alpha-to-beta"), {
      ...{ peer: "beta", destination: "172.30.1.0/24", gateway: "10.0.0.6" },
    });
    assert.deepEqual(inputs("alpha-to-gamma"), {
      ...{ peer: "gamma", destination: "172.30.2.0/24" },
      link: { device: "dr-wg" },
    });
    assert.deepEqual(inputs("gamma-to-alpha"), {
      ...{ peer: "alpha", destination: "172.30.0.0/24" },
      link: { device: "dr-wg", endpoint: "10.0.0.5:51820", keepalive: 15 },
    });
    assert.deepEqual(inputs("alpha-forward"), {
      ...{ destination: "172.30.0.0/24", sources: ["172.30.1.0/24", "10.0.0.6/32"] },
      links: { "dr-wg": ["172.30.2.0/24"] },
    });
    assert.deepEqual(inputs("gamma-masquerade"), {
      ...{ source: "172.30.2.0/24", exclude: [] },
      links: { "dr-wg": ["172.30.0.0/24", "172.30.1.0/24"] },
    });
  });

  it("puts both ends' links and rules before a route by a link", async () => {
    const { edges } = await inputsOf();
    const end = (host: string) =>
      ["bridge", "forward", "link", "masquerade"].map((part) => `${host}-${part}`);
    assert.deepEqual(edges["alpha-to-gamma"], [...end("alpha"), ...end("gamma")]);
    assert.deepEqual(edges["alpha-to-beta"], ["alpha-bridge", "beta-bridge"]);
    assert.deepEqual(edges["gamma-link"], ["gamma-bridge"]);
    assert.deepEqual(edges["gamma-forward"], ["gamma-bridge", "gamma-link"]);
  });

  it("gives VXLAN the peer's network address as its next hop", async () => {
    const reachable = hosts.map(({ publicAddress: _, ...host }) => host);
    const { inputs } = await inputsOf({ between: "vxlan", hosts: reachable, link: { mtu: 1300 } });
    assert.deepEqual(inputs("gamma-link"), {
      ...{
        kind: "vxlan",
        port: 4789,
        address: "172.30.2.0/32",
        sources: ["10.0.0.5/32", "10.0.0.6/32"],
        mtu: 1300,
      },
    });
    assert.deepEqual(inputs("gamma-to-beta"), {
      ...{ peer: "beta", destination: "172.30.1.0/24" },
      link: { device: "dr-vx", endpoint: "10.0.0.6", address: "172.30.1.0" },
    });
  });

  it("makes no link of routed ways, and outputs the routes that the fabric needs", async () => {
    const { inputs, names, outputs } = await inputsOf({ between: "routed" });
    assert.deepEqual(
      names.filter((name) => name.endsWith("-link")),
      [],
    );
    assert.deepEqual(inputs("alpha-to-gamma"), {
      ...{ peer: "gamma", destination: "172.30.2.0/24", gateway: "192.168.1.4", routed: true },
    });
    assert.ok(typeof outputs === "object" && outputs !== null && "fabricRoutes" in outputs);
    assert.deepEqual(outputs.fabricRoutes, [
      { destination: "172.30.0.0/24", nextHop: "10.0.0.5", host: "alpha" },
      { destination: "172.30.1.0/24", nextHop: "10.0.0.6", host: "beta" },
      { destination: "172.30.2.0/24", nextHop: "192.168.1.4", host: "gamma" },
    ]);
  });

  it("keeps one resource for the direct routes of a host, and one for each route by a link", async () => {
    const { inputs, names } = await inputsOf({ routes: "host" });
    assert.deepEqual(
      names.filter((name) => /-(to-\w+|routes)$/.test(name)),
      ["alpha-routes", "alpha-to-gamma", "beta-routes", "beta-to-gamma", "gamma-to-alpha", "gamma-to-beta"],
    );
    assert.deepEqual(inputs("alpha-routes"), {
      routes: { beta: { destination: "172.30.1.0/24", gateway: "10.0.0.6" } },
    });
  });
});
