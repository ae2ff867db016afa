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

const poolRange: Range = { first: 0xac1e0000, prefix: 20 };
const pool = printRange(poolRange);
const parts = countOf(poolRange, 24);

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
/** A life: the hosts of one `up` after the other, so that parts lie scattered over the pool. */
const life = fc
  .array(names(parts), { maxLength: 4 })
  .map((steps) => steps.reduce<Plan>((plan, hosts) => plain(hosts, plan), {}));
/** Some hosts, some of them pinned to parts of their own. */
const pinned = fc
  .tuple(names(parts), fc.shuffledSubarray([...Array(parts).keys()]))
  .map(([hosts, pins]) => hosts.map((one, at) => withPin(hostOf(one), pins[at])));

function withPin(host: MeshHost, n: number | undefined): MeshHost {
  const part = n === undefined ? undefined : nth(poolRange, 24, n);
  return part ? { ...host, subnet: printRange(part) } : host;
}

/** The plan, or none where the config is refused: a pin may happen to hit what an unpinned host holds. */
function attempt(config: MeshConfig, previous: Plan): Plan | undefined {
  try {
    return planMesh(config, previous);
  } catch (error) {
    assert.ok(error instanceof PlanError);
    return undefined;
  }
}

describe("a plan, whatever the hosts", () => {
  it("gives every host a part of the pool, no two the same", () => {
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

  it("moves no host that is not pinned, whoever comes, goes or is pinned", () => {
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

  it("refuses a config with pins only where a pin hits what an unpinned host holds", () => {
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

  it("is the same when it is planned again", () => {
    fc.assert(
      fc.property(life, pinned, (previous, hosts) => {
        const plan = attempt(meshOf(hosts), previous);
        fc.pre(plan !== undefined);
        assert.deepEqual(planMesh(meshOf(hosts), plan), plan);
      }),
    );
  });

  it("takes the lowest free part, and one of the last plan only when no other is left", () => {
    fc.assert(
      fc.property(life, names(parts), (previous, hosts) => {
        const plan = plain(hosts, previous);
        const stood = new Set(Object.values(previous).map(({ subnet }) => subnet));
        const all = [...Array(parts).keys()]
          .map((n) => nth(poolRange, 24, n))
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

  it("says how many fit when the pool is full", () => {
    const many = fc.uniqueArray(name, { minLength: parts + 1, maxLength: parts + 9 });
    fc.assert(
      fc.property(life, many, (previous, hosts) => {
        const said = new RegExp(
          `pool: the pool is full: it holds ${parts} parts of /24 and ${hosts.length} hosts`,
        );
        assert.throws(() => plain(hosts, previous), said);
      }),
    );
  });

  it("keeps parts of other sizes apart while it moves hosts to them", () => {
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
