import assert from "node:assert/strict";
import { type MeshConfig, moves, planMesh, pools, room } from "../../../provider/plan/index.js";

const mesh = (more: Partial<MeshConfig> = {}): MeshConfig => ({
  pool: "172.30.0.0/16",
  hosts: [
    { name: "beta", address: "192.168.145.129" },
    { name: "alpha", address: "192.168.145.128" },
  ],
  ...more,
});

function poolsOf(more: Partial<MeshConfig>) {
  const host = planMesh(mesh(more))["beta"];
  return host && pools(mesh(more), host);
}

describe("moves", () => {
  it("lists each host that gets another subnet", () => {
    const before = planMesh(mesh());
    const after = planMesh(mesh({ pool: "10.7.0.0/16" }), before);
    assert.deepEqual(moves(before, after), [
      { host: "alpha", from: "172.30.0.0/24", to: "10.7.0.0/24" },
      { host: "beta", from: "172.30.1.0/24", to: "10.7.1.0/24" },
    ]);
  });

  it("lists none when a host joins or leaves", () => {
    const plan = planMesh(mesh());
    const less = planMesh(mesh({ hosts: [{ name: "beta", address: "192.168.145.129" }] }), plan);
    assert.deepEqual([moves(plan, less), moves(less, plan), moves({}, plan)], [[], [], []]);
  });
});

describe("room", () => {
  it("counts subnets", () => {
    assert.deepEqual(room(mesh(), planMesh(mesh())), { subnets: 256, used: 2, left: 254 });
    const small = mesh({ pool: "172.30.0.0/23" });
    assert.deepEqual(room(small, planMesh(small)), { subnets: 2, used: 2, left: 0 });
  });
});

describe("pools", () => {
  it("is none where docker0 has the whole subnet", () => {
    assert.equal(poolsOf({}), undefined);
    assert.equal(poolsOf({ hostPrefix: 26 }), undefined);
  });

  it("is the whole subnet where docker0 has a piece of it", () => {
    assert.deepEqual(poolsOf({ hostPrefix: 20 }), { pools: ["172.30.16.0/20"], networkPrefix: 24 });
    assert.deepEqual(poolsOf({ hostPrefix: 20, networkPrefix: 26 }), {
      pools: ["172.30.16.0/20"],
      networkPrefix: 26,
    });
  });

  it("has networks of the bridge's size where no /24 fits beside the bridge", () => {
    assert.deepEqual(poolsOf({ bridgePrefix: 26 }), { pools: ["172.30.1.0/24"], networkPrefix: 26 });
  });
});
