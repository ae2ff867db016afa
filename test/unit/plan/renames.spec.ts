/** Hosts that get another name: the machine, told by its address, keeps its subnet. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type MeshConfig,
  type MeshHost,
  type Plan,
  PlanError,
  planMesh,
  planSubnets,
  renames,
} from "../../../provider/plan/index.js";

/** Hosts as "name@N" with the address 192.168.145.N, or "name@N=pin". */
function mesh(hosts: readonly string[], more: Partial<MeshConfig> = {}): MeshConfig {
  const list = hosts.map((text): MeshHost => {
    const [, name = "", at = "", pin] = /^(\w+)@(\d+)(?:=(.+))?$/.exec(text) ?? [];
    return { name, address: `192.168.145.${at}`, ...(pin === undefined ? {} : { subnet: pin }) };
  });
  return { pool: "172.30.0.0/16", hosts: list, ...more };
}

const subnets = (plan: Plan) =>
  Object.fromEntries(Object.entries(plan).map(([name, { subnet }]) => [name, subnet.split(".")[2]]));

/** The third byte of each host's subnet after `first`, then `second`. */
function replanned(first: readonly string[], second: readonly string[], more: Partial<MeshConfig> = {}) {
  return subnets(planMesh(mesh(second, more), planMesh(mesh(first, more))));
}

describe("a renamed host", () => {
  it("keeps its subnet", () => {
    assert.deepEqual(replanned(["a@1", "b@2"], ["web@1", "b@2"]), { web: "0", b: "1" });
  });

  it("keeps its subnet while others join, leave and are renamed", () => {
    assert.deepEqual(replanned(["a@1", "b@2", "c@3", "d@4"], ["x@4", "y@1", "c@3", "aa@9"]), {
      aa: "4",
      c: "2",
      x: "3",
      y: "0",
    });
  });

  it("keeps its subnet on the way back to its old name", () => {
    const first = planMesh(mesh(["a@1", "b@2"]));
    const renamed = planMesh(mesh(["web@1", "b@2"]), first);
    assert.deepEqual(planMesh(mesh(["a@1", "b@2"]), renamed), first);
  });

  it("leaves its subnet to a pin, also to another host's", () => {
    assert.deepEqual(replanned(["a@1", "b@2"], ["web@1", "b@2=172.30.0.0/24"]), { b: "0", web: "2" });
    assert.deepEqual(replanned(["a@1", "b@2"], ["web@1=172.30.7.0/24", "b@2"]), { b: "1", web: "7" });
  });

  it("gets another subnet where the pool or the size is another", () => {
    const before = planMesh(mesh(["a@1", "b@2"]));
    assert.deepEqual(subnets(planMesh(mesh(["web@1", "b@2"], { pool: "172.30.8.0/21" }), before)), {
      b: "8",
      web: "9",
    });
    const larger = planMesh(mesh(["web@1", "b@2"], { hostPrefix: 23 }), before);
    assert.deepEqual(Object.keys(larger), ["b", "web"]);
  });

  it("is a new one where another host that stays has its old name", () => {
    // b moves to a's machine, and b's machine gets a new name: b keeps its subnet by name, and a's stays free.
    assert.deepEqual(replanned(["a@1", "b@2"], ["b@1", "c@2"]), { b: "1", c: "2" });
  });

  it("is none where two names are exchanged: each name keeps its subnet", () => {
    assert.deepEqual(replanned(["a@1", "b@2"], ["b@1", "a@2"]), { a: "0", b: "1" });
  });

  it("is not a machine that a new one replaces at another address", () => {
    assert.deepEqual(replanned(["a@1", "b@2"], ["web@3", "b@2"]), { b: "1", web: "2" });
  });

  it("shares one former address with no other new host, also where a plan not made here has it twice", () => {
    const host = { address: "192.168.145.1", bridgeAddress: "172.30.4.1/24" };
    const previous = { a: { ...host, subnet: "172.30.4.0/24" }, b: { ...host, subnet: "172.30.5.0/24" } };
    assert.deepEqual(subnets(planMesh(mesh(["web@1", "c@2"]), previous)), { c: "0", web: "4" });
  });

  it("is reported with both names", () => {
    const before = planMesh(mesh(["a@1", "b@2", "c@3"]));
    const next = planMesh(mesh(["z@1", "b@2", "y@3", "new@4"]), before);
    assert.deepEqual(renames(before, next), [
      { from: "c", to: "y" },
      { from: "a", to: "z" },
    ]);
    assert.deepEqual(renames(before, before), []);
  });
});

describe("a preview without all addresses", () => {
  const before = planMesh(mesh(["a@1", "b@2"]));
  const unknown = (names: readonly string[]) => ({
    pool: "172.30.0.0/16",
    hosts: names.map((name) => ({ name })),
  });

  it("has the subnet of every host where none can be renamed", () => {
    const plan = planMesh(mesh(["a@1", "b@2", "c@3"]), before);
    const own = Object.entries(plan).map(([name, { address: _, ...rest }]) => [name, rest]);
    assert.deepEqual(planSubnets(unknown(["a", "b", "c"]), before), Object.fromEntries(own));
  });

  it("leaves out a host that may be a renamed one, and no other", () => {
    assert.deepEqual(Object.keys(planSubnets(unknown(["b", "c"]), before)), ["b"]);
    const pinned = { pool: "172.30.0.0/16", hosts: [{ name: "c", subnet: "172.30.9.0/24" }] };
    assert.deepEqual(Object.keys(planSubnets(pinned, before)), ["c"]);
  });
});

describe("renames, at random", () => {
  const size = 16;
  const pool = "172.30.0.0/20";
  /** Machines, each with its number in the last octet and its name. */
  const machines = (letters: string) =>
    fc
      .tuple(
        fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: size }),
        fc.uniqueArray(fc.stringMatching(new RegExp(`^[${letters}][0-9]$`)), {
          minLength: 16,
          maxLength: 16,
        }),
      )
      .map(([numbers, names]) => numbers.map((at, n) => `${names[n]}@${at}`));
  const plan = (hosts: readonly string[], previous?: Plan) => planMesh(mesh(hosts, { pool }), previous);
  const byAddress = (of: Plan) =>
    new Map(Object.values(of).map(({ address, subnet }) => [address, subnet] as const));

  it("keep the subnet of each machine when all get new names", () => {
    fc.assert(
      fc.property(machines("a-c"), machines("a-c"), fc.boolean(), (first, second, reversed) => {
        const previous = plan(second, plan(first));
        const numbers = Object.values(previous).map(({ address }) => address.split(".")[3]);
        const renamed = (reversed ? numbers.reverse() : numbers).map((at, n) => `x${n}@${at}`);
        assert.deepEqual(byAddress(plan(renamed, previous)), byAddress(previous));
      }),
    );
  });

  it("give every machine of the last plan its name's subnet, else its own, and no two hosts the same", () => {
    fc.assert(
      fc.property(machines("a-c"), machines("a-c"), (first, second) => {
        const previous = plan(first);
        const next = plan(second, previous);
        const all = Object.values(next).map(({ subnet }) => subnet);
        assert.equal(new Set(all).size, second.length);
        const stays = new Set(Object.keys(next).filter((name) => Object.hasOwn(previous, name)));
        for (const [name, host] of Object.entries(next)) {
          const [was] = Object.entries(previous).filter(
            ([other, { address }]) => address === host.address && !stays.has(other),
          );
          if (stays.has(name)) assert.equal(host.subnet, previous[name]?.subnet);
          else if (was) assert.equal(host.subnet, was[1].subnet);
        }
      }),
    );
  });

  it("give the same plan when it is planned again, whatever the order", () => {
    fc.assert(
      fc.property(machines("a-c"), machines("a-c"), (first, second) => {
        const previous = plan(first);
        const next = plan(second, previous);
        assert.deepEqual(plan(second, next), next);
        assert.deepEqual(plan([...second].reverse(), previous), next);
      }),
    );
  });

  it("never take a subnet that is pinned or held", () => {
    const pins = fc.uniqueArray(fc.nat(size - 1), { maxLength: 4 });
    fc.assert(
      fc.property(machines("a-c"), machines("a-c"), pins, (first, second, pinned) => {
        const previous = plan(first);
        const hosts = second.map((host, n) =>
          pinned[n] === undefined ? host : `${host}=172.30.${pinned[n]}.0/24`,
        );
        try {
          const next = plan(hosts, previous);
          const all = Object.values(next).map(({ subnet }) => subnet);
          assert.equal(new Set(all).size, hosts.length);
        } catch (error) {
          assert.ok(error instanceof PlanError);
        }
      }),
    );
  });
});
