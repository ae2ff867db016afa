import assert from "node:assert/strict";
import fc from "fast-check";
import {
  contains,
  countOf,
  nth,
  overlaps,
  parseRange,
  printRange,
  type Range,
} from "../../../provider/plan/cidr.js";
import {
  type MeshConfig,
  type MeshHost,
  moves,
  type Plan,
  PlanError,
  planMesh,
} from "../../../provider/plan/index.js";

const pool = "172.30.0.0/20";
const poolRange = read(pool);
const subnets = Number(countOf(poolRange, 24));

function read(text: string | undefined): Range {
  const parsed = parseRange(text ?? "");
  assert.ok("value" in parsed, text);
  return parsed.value;
}

const addressOf = (name: string) => `192.168.${name.charCodeAt(0)}.${name.charCodeAt(1)}`;
const hostOf = (name: string): MeshHost => ({ name, address: addressOf(name) });

const name = fc.stringMatching(/^[a-h][0-9]$/);
const names = (max: number) => fc.uniqueArray(name, { maxLength: max });
const meshOf = (hosts: readonly MeshHost[]): MeshConfig => ({ pool, hosts });
const plain = (hosts: readonly string[], previous?: Plan) => planMesh(meshOf(hosts.map(hostOf)), previous);
/** The plan after several `up`s with different hosts, so that its subnets are scattered over the pool. */
const life = fc
  .array(names(subnets), { maxLength: 4 })
  .map((steps) => steps.reduce<Plan>((plan, hosts) => plain(hosts, plan), {}));
/** Some hosts, some of them pinned to subnets of their own. */
const pinned = fc
  .tuple(names(subnets), fc.shuffledSubarray([...Array(subnets).keys()]))
  .map(([hosts, pins]) => hosts.map((one, at) => withPin(hostOf(one), pins[at])));

function withPin(host: MeshHost, n: number | undefined): MeshHost {
  const subnet = n === undefined ? undefined : nth(poolRange, 24, BigInt(n));
  return subnet ? { ...host, subnet: printRange(subnet) } : host;
}

/** The plan; none where the config is refused, because a pin met the subnet of an unpinned host. */
function attempt(config: MeshConfig, previous: Plan): Plan | undefined {
  try {
    return planMesh(config, previous);
  } catch (error) {
    assert.ok(error instanceof PlanError);
    return undefined;
  }
}

describe("the planner, with random hosts", () => {
  it("gives every host a subnet of the pool, no two the same", () => {
    fc.assert(
      fc.property(life, pinned, (previous, hosts) => {
        const plan = attempt(meshOf(hosts), previous);
        fc.pre(plan !== undefined);
        const ranges = Object.values(plan).map(({ subnet }) => read(subnet));
        assert.equal(ranges.length, hosts.length);
        for (const [at, range] of ranges.entries()) {
          assert.ok(contains(poolRange, range));
          assert.equal(range.prefix, 24);
          for (const other of ranges.slice(at + 1)) assert.ok(!overlaps(range, other));
        }
      }),
    );
  });

  it("honours every pin", () => {
    fc.assert(
      fc.property(life, pinned, (previous, hosts) => {
        const plan = attempt(meshOf(hosts), previous);
        fc.pre(plan !== undefined);
        for (const host of hosts) if (host.subnet) assert.equal(plan[host.name]?.subnet, host.subnet);
      }),
    );
  });

  it("moves no unpinned host when others join, leave or are pinned", () => {
    fc.assert(
      fc.property(life, pinned, (previous, hosts) => {
        const plan = attempt(meshOf(hosts), previous);
        fc.pre(plan !== undefined);
        const pins = new Set(hosts.filter(({ subnet }) => subnet).map((host) => host.name));
        assert.deepEqual(
          moves(previous, plan).filter(({ host }) => !pins.has(host)),
          [],
        );
      }),
    );
  });

  it("refuses pins only where one meets the subnet of an unpinned host", () => {
    fc.assert(
      fc.property(life, pinned, (previous, hosts) => {
        const holders = hosts.filter(({ subnet, name }) => !subnet && Object.hasOwn(previous, name));
        const held = new Set(holders.map(({ name }) => previous[name]?.subnet));
        const hit = hosts.some(({ subnet }) => subnet !== undefined && held.has(subnet));
        assert.equal(attempt(meshOf(hosts), previous) === undefined, hit);
      }),
    );
  });

  it("does not depend on the order of the hosts", () => {
    const shuffled = pinned.chain((hosts) =>
      fc.tuple(fc.constant(hosts), fc.shuffledSubarray(hosts, { minLength: hosts.length })),
    );
    fc.assert(
      fc.property(life, shuffled, (previous, [hosts, others]) => {
        assert.deepEqual(attempt(meshOf(hosts), previous), attempt(meshOf(others), previous));
      }),
    );
  });

  it("gives the same plan when it plans again", () => {
    fc.assert(
      fc.property(life, pinned, (previous, hosts) => {
        const plan = attempt(meshOf(hosts), previous);
        fc.pre(plan !== undefined);
        assert.deepEqual(planMesh(meshOf(hosts), plan), plan);
      }),
    );
  });

  it("takes the lowest free subnet, and one of the last plan only when no other is left", () => {
    fc.assert(
      fc.property(life, names(subnets), (previous, hosts) => {
        const plan = plain(hosts, previous);
        const stood = new Set(Object.values(previous).map(({ subnet }) => subnet));
        const all = [...Array(subnets).keys()]
          .map((n) => nth(poolRange, 24, BigInt(n)))
          .map((one) => (one ? printRange(one) : ""));
        const fresh = hosts.filter((one) => !Object.hasOwn(previous, one)).sort();
        const kept = new Set(
          hosts.filter((one) => Object.hasOwn(previous, one)).map((one) => previous[one]?.subnet),
        );
        const order = [
          ...all.filter((one) => !stood.has(one)),
          ...all.filter((one) => stood.has(one) && !kept.has(one)),
        ];
        assert.deepEqual(
          fresh.map((one) => plan[one]?.subnet),
          order.slice(0, fresh.length),
        );
      }),
    );
  });

  it("tells how many hosts fit when the pool is full", () => {
    const many = fc.uniqueArray(name, { minLength: subnets + 1, maxLength: subnets + 9 });
    fc.assert(
      fc.property(life, many, (previous, hosts) => {
        const expected = new RegExp(
          `pool: the pool is full: it has ${subnets} subnets of /24, and the config has ${hosts.length} hosts`,
        );
        assert.throws(() => plain(hosts, previous), expected);
      }),
    );
  });

  it("keeps subnets apart while it moves hosts to another size", () => {
    const prefix = fc.integer({ min: 23, max: 26 });
    fc.assert(
      fc.property(names(4), prefix, prefix, (hosts, before, after) => {
        const sized = (hostPrefix: number, previous?: Plan) =>
          planMesh({ ...meshOf(hosts.map(hostOf)), hostPrefix }, previous);
        const previous = sized(before);
        const plan = sized(after, previous);
        for (const one of hosts) {
          for (const other of hosts) {
            if (one === other) continue;
            assert.ok(!overlaps(read(plan[one]?.subnet), read(plan[other]?.subnet)));
          }
        }
        if (before === after) assert.deepEqual(plan, previous);
      }),
    );
  });
});
