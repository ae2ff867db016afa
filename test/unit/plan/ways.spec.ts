import assert from "node:assert/strict";
import {
  callTo,
  fabricRoutes,
  linkAddress,
  type MeshConfig,
  type MeshHost,
  PlanError,
  planMesh,
  sourcesOfEnds,
  wayBetween,
} from "../../../provider/plan/index.js";

const alpha: MeshHost = { name: "alpha", address: "10.0.0.5", site: "fra" };
const beta: MeshHost = { name: "beta", address: "10.0.0.6", site: "fra" };
const gamma: MeshHost = {
  ...{ name: "gamma", address: "192.168.1.4", site: "home" },
  publicAddress: "203.0.113.9",
};
const delta: MeshHost = { name: "delta", address: "192.168.1.5", site: "home", publicAddress: "none" };

function mesh(hosts: readonly MeshHost[], more: Partial<MeshConfig> = {}): MeshConfig {
  return { pool: "172.30.0.0/16", hosts, between: "wireguard", ...more };
}

function faults(config: MeshConfig): readonly string[] {
  try {
    planMesh(config);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    return error.faults.map(({ property, reason }) => `${property}: ${reason}`);
  }
  return [];
}

const one = (config: MeshConfig, ...parts: readonly RegExp[]) => {
  const [text = "", ...more] = faults(config);
  assert.deepEqual(more, []);
  for (const part of parts) assert.match(text, part);
};

describe("ways between hosts", () => {
  it("are direct inside a site, and what the config names between two", () => {
    const config = mesh([alpha, beta, gamma, delta]);
    assert.equal(wayBetween(config, alpha, beta), "direct");
    assert.equal(wayBetween(config, alpha, gamma), "wireguard");
    assert.equal(wayBetween({ between: "routed" }, gamma, alpha), "routed");
    assert.equal(wayBetween({}, gamma, alpha), undefined);
  });

  it("are direct everywhere in a mesh without sites", () => {
    const [a, b] = [alpha, beta].map(({ name, address }): MeshHost => ({ name, address }));
    assert.ok(a && b);
    assert.deepEqual(faults({ pool: "172.30.0.0/16", hosts: [a, b] }), []);
    assert.equal(wayBetween({}, a, b), "direct");
  });

  it("do not change the plan", () => {
    const hosts = [alpha, beta, gamma, delta];
    const plain = hosts.map(({ name, address }) => ({ name, address }));
    assert.deepEqual(planMesh(mesh(hosts)), planMesh({ pool: "172.30.0.0/16", hosts: plain }));
  });

  it("call a host at its public address, and one behind NAT not at all", () => {
    assert.deepEqual(callTo("wireguard", {}, alpha, gamma), { endpoint: "203.0.113.9:51820" });
    assert.deepEqual(callTo("wireguard", { port: 7 }, delta, alpha), {
      endpoint: "10.0.0.5:7",
      keepalive: 25,
    });
    assert.deepEqual(callTo("wireguard", {}, alpha, delta), {});
    assert.deepEqual(callTo("vxlan", {}, alpha, gamma), { endpoint: "203.0.113.9" });
    const forwarded = { ...gamma, publicAddress: "203.0.113.9:7000" };
    assert.deepEqual(callTo("wireguard", { port: 7 }, alpha, forwarded), { endpoint: "203.0.113.9:7000" });
  });

  it("open the port to the peers' addresses, and to all where one of them is behind NAT", () => {
    assert.deepEqual(sourcesOfEnds([gamma, alpha, beta]), ["10.0.0.5/32", "10.0.0.6/32", "203.0.113.9/32"]);
    assert.deepEqual(sourcesOfEnds([{ ...gamma, publicAddress: "203.0.113.9:7000" }]), ["203.0.113.9/32"]);
    assert.deepEqual(sourcesOfEnds([alpha, delta]), []);
  });

  it("take a subnet's network address for the host itself", () => {
    assert.equal(linkAddress("172.30.16.0/20"), "172.30.16.0");
  });

  it("give the routes that a fabric needs only for hosts that it connects", () => {
    const config = mesh([alpha, gamma], { between: "routed" });
    const plan = planMesh(config);
    assert.deepEqual(fabricRoutes(config, plan), [
      { destination: "172.30.0.0/24", nextHop: "10.0.0.5", host: "alpha" },
      { destination: "172.30.1.0/24", nextHop: "192.168.1.4", host: "gamma" },
    ]);
    assert.deepEqual(fabricRoutes({ ...config, between: "vxlan" }, plan), []);
    assert.deepEqual(fabricRoutes(mesh([alpha, beta], { between: "routed" }), plan), []);
  });
});

describe("ways that are refused", () => {
  it("two sites without a way between them", () => {
    const { between: _, ...config } = mesh([alpha, gamma]);
    one(config, /^between: alpha \(fra\) and gamma \(home\)/, /wireguard, vxlan or routed/);
    one({ ...config, between: "refuse" }, /^between: /);
  });

  it("a host without a site beside hosts that have one", () => {
    const { site: _, ...without } = beta;
    one(mesh([alpha, without]), /^hosts\[1\]\.site: is missing/);
  });

  it("two hosts behind NAT in different sites", () => {
    one(
      mesh([{ ...alpha, publicAddress: "none" }, beta, delta]),
      /^hosts\[2\]/,
      /impossible: both are behind NAT/,
    );
    assert.deepEqual(faults(mesh([{ ...gamma, publicAddress: "none" }, delta, alpha])), []);
  });

  it("VXLAN through NAT or with a forwarded port", () => {
    one(mesh([alpha, delta], { between: "vxlan" }), /VXLAN does not pass NAT/);
    one(
      mesh([alpha, { ...gamma, publicAddress: "203.0.113.9:1" }], { between: "vxlan" }),
      /leave the port out/,
    );
  });

  it("two ends at one public address and port", () => {
    const twin = { ...delta, publicAddress: "203.0.113.9" };
    one(
      mesh([alpha, gamma, twin]),
      /^hosts\[2\]\.publicAddress: 203\.0\.113\.9:51820 is already where gamma/,
    );
    assert.deepEqual(faults(mesh([alpha, gamma, { ...twin, publicAddress: "203.0.113.9:7000" }])), []);
  });

  it("one address twice, except in two sites that WireGuard connects", () => {
    const twin = { ...delta, address: alpha.address };
    assert.deepEqual(faults(mesh([alpha, twin])), []);
    one(mesh([alpha, { ...beta, address: alpha.address }, delta]), /already the address of hosts\[0\]/);
    one(mesh([alpha, { ...gamma, address: alpha.address }], { between: "routed" }), /already the address/);
  });

  it("a public address in the pool, or in no known form", () => {
    one(mesh([alpha, { ...gamma, publicAddress: "172.30.9.9" }]), /lies in the pool/);
    for (const publicAddress of ["no", "203.0.113.9:0", "203.0.113.9:70000", "203.0.113.9:1:2", ""]) {
      one(mesh([alpha, { ...gamma, publicAddress }]), /^hosts\[1\]\.publicAddress: .* is refused/);
    }
  });

  it("settings of the link outside their bounds, all at once", () => {
    const found = faults(mesh([alpha, gamma], { link: { port: 0, mtu: 100, keepalive: 1.5 } }));
    assert.deepEqual(
      found.map((text) => text.split(":")[0]),
      ["link.port", "link.mtu", "link.keepalive"],
    );
  });
});
