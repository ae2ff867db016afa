import assert from "node:assert/strict";
import {
  type MeshConfig,
  type MeshHost,
  type Plan,
  PlanError,
  planMesh,
} from "../../../provider/plan/index.js";

/** A config with these hosts: a name, or a name and its pin. Addresses follow the place in the list. */
function mesh(
  hosts: readonly (string | readonly [string, string])[],
  more: Partial<MeshConfig> = {},
): MeshConfig {
  const list = hosts.map((host, at): MeshHost => {
    const address = `192.168.145.${at + 1}`;
    return typeof host === "string" ? { name: host, address } : { name: host[0], address, subnet: host[1] };
  });
  return { pool: "172.30.0.0/16", hosts: list, ...more };
}

const subnets = (plan: Plan) =>
  Object.fromEntries(Object.entries(plan).map(([name, { subnet }]) => [name, subnet]));

function faults(config: MeshConfig, previous?: Plan): Record<string, string> {
  try {
    planMesh(config, previous);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    return Object.fromEntries(error.faults.map(({ property, reason }) => [property, reason]));
  }
  return {};
}

describe("planMesh", () => {
  it("gives the lowest subnets by name, and each bridge its subnet's first address", () => {
    assert.deepEqual(planMesh(mesh(["beta", "alpha"])), {
      alpha: { address: "192.168.145.2", subnet: "172.30.0.0/24", bridgeAddress: "172.30.0.1/24" },
      beta: { address: "192.168.145.1", subnet: "172.30.1.0/24", bridgeAddress: "172.30.1.1/24" },
    });
  });

  it("steps over pins", () => {
    const plan = planMesh(mesh([["zulu", "172.30.0.0/24"], "alpha", "beta"]));
    assert.deepEqual(subnets(plan), { alpha: "172.30.1.0/24", beta: "172.30.2.0/24", zulu: "172.30.0.0/24" });
  });

  it("gives docker0 a /24 of a larger subnet, and the whole of a smaller one", () => {
    const bridge = (hostPrefix: number) => planMesh(mesh(["alpha"], { hostPrefix }))["alpha"]?.bridgeAddress;
    assert.equal(bridge(20), "172.30.0.1/24");
    assert.equal(bridge(24), "172.30.0.1/24");
    assert.equal(bridge(26), "172.30.0.1/26");
    assert.equal(planMesh(mesh(["a"], { bridgePrefix: 28 }))["a"]?.bridgeAddress, "172.30.0.1/28");
  });

  it("keeps a host's subnet when others join, leave and are pinned", () => {
    const before = planMesh(mesh(["beta", "gamma"]));
    const after = planMesh(mesh(["gamma", ["delta", "172.30.9.0/24"], "alpha"]), before);
    assert.deepEqual(subnets(after), {
      alpha: "172.30.2.0/24",
      delta: "172.30.9.0/24",
      gamma: "172.30.1.0/24",
    });
  });

  it("treats a new name at a new address as a new host", () => {
    const before = planMesh(mesh(["alpha", "beta"]));
    assert.deepEqual(subnets(planMesh(mesh(["alpha", ["pinned", "172.30.9.0/24"], "bravo"]), before)), {
      alpha: "172.30.0.0/24",
      bravo: "172.30.2.0/24",
      pinned: "172.30.9.0/24",
    });
  });

  it("reuses the subnet of a host that left only when no other is free", () => {
    const tight = { pool: "172.30.0.0/22" };
    const before = planMesh(mesh(["a", "b", "c"], tight));
    assert.deepEqual(subnets(planMesh(mesh(["b", "c", "x", "y"], tight), before)), {
      b: "172.30.1.0/24",
      c: "172.30.2.0/24",
      x: "172.30.3.0/24",
      y: "172.30.0.0/24",
    });
  });

  it("keeps the subnet of a host whose pin is removed", () => {
    const before = planMesh(mesh([["alpha", "172.30.7.0/24"]]));
    assert.deepEqual(planMesh(mesh(["alpha"]), before), before);
  });

  it("lets two hosts swap their pins", () => {
    const before = planMesh(
      mesh([
        ["a", "172.30.1.0/24"],
        ["b", "172.30.2.0/24"],
      ]),
    );
    const after = planMesh(
      mesh([
        ["a", "172.30.2.0/24"],
        ["b", "172.30.1.0/24"],
      ]),
      before,
    );
    assert.deepEqual(subnets(after), { a: "172.30.2.0/24", b: "172.30.1.0/24" });
  });

  it("refuses a pin onto the subnet of an unpinned host, and names both", () => {
    const before = planMesh(mesh(["alpha", "beta"]));
    assert.deepEqual(faults(mesh(["alpha", ["beta", "172.30.0.0/24"]]), before), {
      "hosts[1].subnet":
        '172.30.0.0/24, the pin of "beta", is the subnet of "alpha", which has no pin; ' +
        'pin "alpha" to another subnet to move it, or pin "beta" to a free one',
    });
  });

  it("lets a pin have the subnet of a host that left or is pinned elsewhere", () => {
    const before = planMesh(mesh(["alpha", "beta"]));
    const gone = planMesh(mesh([["beta", "172.30.0.0/24"]]), before);
    assert.deepEqual(subnets(gone), { beta: "172.30.0.0/24" });
    const elsewhere = planMesh(
      mesh([
        ["alpha", "172.30.5.0/24"],
        ["beta", "172.30.0.0/24"],
      ]),
      before,
    );
    assert.deepEqual(subnets(elsewhere), { alpha: "172.30.5.0/24", beta: "172.30.0.0/24" });
  });

  it("moves every host to a new pool", () => {
    const before = planMesh(mesh(["b", "a"]));
    const after = planMesh(mesh(["b", "a"], { pool: "10.7.0.0/16" }), before);
    assert.deepEqual(subnets(after), { a: "10.7.0.0/24", b: "10.7.1.0/24" });
  });

  it("gives no host a piece of another's former subnet when the size changes", () => {
    const before = planMesh(mesh(["a", "b"]));
    assert.deepEqual(subnets(planMesh(mesh(["a", "b"], { hostPrefix: 25 }), before)), {
      a: "172.30.0.0/25",
      b: "172.30.1.0/25",
    });
  });

  it("plans a host that is called like a property of every object", () => {
    assert.deepEqual(subnets(planMesh(mesh(["constructor"]), {})), { constructor: "172.30.0.0/24" });
  });

  it("separates two hosts that a plan not made here gave one subnet", () => {
    const same = { address: "192.168.145.1", subnet: "172.30.4.0/24", bridgeAddress: "172.30.4.1/24" };
    assert.deepEqual(subnets(planMesh(mesh(["a", "b"]), { a: same, b: same })), {
      a: "172.30.4.0/24",
      b: "172.30.0.0/24",
    });
  });

  it("plans a thousand hosts in a /8 of small subnets", () => {
    const names = Array.from({ length: 1000 }, (_, at) => `h${at}`);
    const hosts = names.map((name, at) => ({ name, address: `192.168.${at >> 8}.${at & 255}` }));
    const plan = planMesh({ pool: "10.0.0.0/8", hostPrefix: 30, hosts });
    assert.equal(new Set(Object.values(plan).map(({ subnet }) => subnet)).size, 1000);
  });
});

describe("planMesh refuses", () => {
  const cases: [string, MeshConfig, Record<string, string>][] = [
    [
      "a pool with host bits",
      mesh([], { pool: "172.30.1.5/24" }),
      { pool: "172.30.1.5/24 has host bits set; the network is 172.30.1.0/24" },
    ],
    [
      "a pool in loopback",
      mesh([], { pool: "127.0.0.0/16" }),
      {
        pool:
          "127.0.0.0/16 overlaps 127.0.0.0/8 (loopback), which containers cannot use; " +
          "take a private range, like 172.30.0.0/16",
      },
    ],
    [
      "a full pool",
      mesh(["a", "b", "c"], { pool: "172.30.0.0/23" }),
      {
        pool:
          "the pool is full: it has 2 subnets of /24, and the config has 3 hosts; " +
          "take a larger pool or a longer hostPrefix",
      },
    ],
    [
      "a host subnet larger than the pool",
      mesh(["a"], { hostPrefix: 15 }),
      { hostPrefix: "15 is refused: a prefix length that fits the pool, 16 to 30, is allowed" },
    ],
    [
      "a bridge larger than the host's subnet",
      mesh(["a"], { hostPrefix: 24, bridgePrefix: 23 }),
      { bridgePrefix: "23 is refused: a prefix length that fits a host's subnet, 24 to 30, is allowed" },
    ],
    [
      "networks larger than the host's subnet",
      mesh(["a"], { hostPrefix: 20, networkPrefix: 19 }),
      { networkPrefix: "19 is refused: a prefix length that fits a host's subnet, 20 to 30, is allowed" },
    ],
    [
      "networks that leave docker0 no place",
      mesh(["a"], { hostPrefix: 20, networkPrefix: 20 }),
      {
        networkPrefix:
          "a network of /20 takes the whole subnet, of which docker0 already has a /24; allowed are 21 to 30",
      },
    ],
    [
      "a pin outside the pool",
      mesh([["a", "172.31.1.0/24"]]),
      { "hosts[0].subnet": "172.31.1.0/24 is outside the pool 172.30.0.0/16" },
    ],
    [
      "a pin of another size",
      mesh([["a", "172.30.2.0/23"]]),
      { "hosts[0].subnet": "172.30.2.0/23 has the wrong size: a host's subnet is a /24 (hostPrefix)" },
    ],
    [
      "two pins onto one subnet",
      mesh([["a", "172.30.2.0/24"], "b", ["c", "172.30.2.0/24"]]),
      { "hosts[2].subnet": '172.30.2.0/24 overlaps 172.30.2.0/24, the pin of "a" (hosts[0])' },
    ],
    [
      "two equal names",
      mesh(["a", "b", "a"]),
      { "hosts[2].name": '"a" is already the name of hosts[0]; each host has its own' },
    ],
    [
      "a host inside the pool",
      { pool: "172.30.0.0/16", hosts: [{ name: "a", address: "172.30.3.4" }] },
      {
        "hosts[0].address":
          "172.30.3.4 lies in the pool 172.30.0.0/16: a route to a host's subnet could cover the way to this host; " +
          "take an address outside the pool",
      },
    ],
    [
      "an address that is loopback",
      { pool: "172.30.0.0/16", hosts: [{ name: "a", address: "127.0.0.1" }] },
      { "hosts[0].address": "127.0.0.1 is in 127.0.0.0/8 (loopback): no peer can route to it" },
    ],
  ];
  for (const [what, config, expected] of cases) it(what, () => assert.deepEqual(faults(config), expected));

  for (const pool of [
    "0.0.0.0/0",
    "0.0.0.0/8",
    "169.254.0.0/20",
    "224.0.0.0/8",
    "240.0.0.0/8",
    "127.0.0.1/32",
  ]) {
    it(`the pool ${pool}`, () => assert.deepEqual(Object.keys(faults(mesh([], { pool }))), ["pool"]));
  }

  for (const name of ["", "Alpha", "a_b", "-a", "a-", "a.b", "ä", "a b", "a\n", "x".repeat(33), "$(id)"]) {
    it(`the name ${JSON.stringify(name)}`, () => {
      assert.deepEqual(Object.keys(faults(mesh([name]))), ["hosts[0].name"]);
    });
  }

  for (const hostPrefix of [24.5, Number.NaN, -1, 31, 32]) {
    it(`the size ${hostPrefix}`, () =>
      assert.deepEqual(Object.keys(faults(mesh(["a"], { hostPrefix }))), ["hostPrefix"]));
  }

  it("everything wrong, at once", () => {
    const config: MeshConfig = {
      pool: "172.30.0.1/16",
      bridgePrefix: 31,
      hosts: [
        { name: "a", address: "010.0.0.1" },
        { name: "B", address: "192.168.145.1", subnet: "172.30.0.0/08" },
        { name: "a", address: "192.168.145.1" },
      ],
    };
    const found = ["pool", "bridgePrefix", "hosts[0].address", "hosts[1].name", "hosts[1].subnet"];
    assert.deepEqual(Object.keys(faults(config)), [...found, "hosts[2].name", "hosts[2].address"]);
    assert.throws(
      () => planMesh(config),
      /^PlanError: the mesh cannot be planned:\n - pool: .*\n - bridgePrefix: /,
    );
  });
});
