/** The planner's promises for pieces of LANs, with random hosts. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  addressAt,
  contains,
  containsAddress,
  countOf,
  nth,
  overlaps,
  parseAddress,
  parseRange,
  printAddress,
  printRange,
  type Range,
} from "../../../provider/plan/cidr.js";
import { type LanHost, type LanPlan, lanPlan, PlanError } from "../../../provider/plan/index.js";

const range = "192.168.1.128/25";
const whole = read(range);
const prefix = 29;
const pieces = Number(countOf(whole, prefix));
const lan = {
  ...({ name: "lan", driver: "macvlan" } as const),
  ...{ subnet: "192.168.1.0/24", gateway: "192.168.1.1", range, hostPrefix: prefix },
};

function read(text: string | undefined): Range {
  const parsed = parseRange(text ?? "");
  assert.ok("value" in parsed, text);
  return parsed.value;
}

const name = fc.stringMatching(/^[a-h][0-9]$/);
const names = (max: number) => fc.uniqueArray(name, { maxLength: max });
const hostOf = (one: string): LanHost => ({
  name: one,
  address: `10.9.${one.charCodeAt(0)}.${one.charCodeAt(1)}`,
});
const plan = (hosts: readonly LanHost[], previous?: LanPlan, exclude: readonly string[] = []) =>
  lanPlan({ lans: [{ ...lan, exclude }], hosts }, previous);
const life = fc
  .array(names(pieces), { maxLength: 4 })
  .map((steps) => steps.reduce<LanPlan>((last, hosts) => plan(hosts.map(hostOf), last), {}));
const pinned = fc
  .tuple(names(pieces), fc.shuffledSubarray([...Array(pieces).keys()]))
  .map(([hosts, pins]) => hosts.map((one, at) => withPin(hostOf(one), pins[at])));
/** Addresses of the range, so that some pieces are full of them. */
const excluded = fc
  .uniqueArray(fc.integer({ min: 0, max: 127 }), { maxLength: 60 })
  .map((all) => all.map((n) => printAddress(addressAt(whole, BigInt(n)))));

function withPin(host: LanHost, n: number | undefined): LanHost {
  const piece = n === undefined ? undefined : nth(whole, prefix, BigInt(n));
  return piece ? { ...host, lans: { lan: { range: printRange(piece) } } } : host;
}

const pinOf = (host: LanHost) => host.lans?.["lan"]?.range;
const pieceOf = (of: LanPlan, host: string) => of["lan"]?.[host]?.range;

/** The plan; none where the config is refused. */
function attempt(...args: Parameters<typeof plan>): LanPlan | undefined {
  try {
    return plan(...args);
  } catch (error) {
    assert.ok(error instanceof PlanError);
    return undefined;
  }
}

describe("the planner of LANs, with random hosts", () => {
  it("gives every host a piece of the range, no two the same, and each pin", () => {
    fc.assert(
      fc.property(life, pinned, excluded, (previous, hosts, exclude) => {
        const next = attempt(hosts, previous, exclude);
        fc.pre(next !== undefined);
        const all = Object.values(next["lan"] ?? {}).map((piece) => read(piece.range));
        assert.equal(all.length, hosts.length);
        for (const [at, piece] of all.entries()) {
          assert.ok(contains(whole, piece) && piece.prefix === prefix);
          for (const other of all.slice(at + 1)) assert.ok(!overlaps(piece, other));
        }
        for (const host of hosts) if (pinOf(host)) assert.equal(pieceOf(next, host.name), pinOf(host));
      }),
    );
  });

  it("reserves every excluded address of a piece, and gives no piece without a free one", () => {
    fc.assert(
      fc.property(names(6), excluded, (hosts, exclude) => {
        const next = attempt(hosts.map(hostOf), {}, exclude);
        fc.pre(next !== undefined);
        for (const piece of Object.values(next["lan"] ?? {})) {
          const inside = exclude.filter((text) => {
            const parsed = parseAddress(text);
            return (
              "value" in parsed &&
              containsAddress(read(piece.range), parsed.value) &&
              text !== "192.168.1.255"
            );
          });
          assert.deepEqual([...piece.reserved].sort(), inside.sort());
          const isLast = contains(read(piece.range), read("192.168.1.255/32"));
          assert.ok(piece.reserved.length < (isLast ? 7 : 8));
        }
      }),
    );
  });

  it("moves no unpinned host when others join, leave or are pinned", () => {
    fc.assert(
      fc.property(life, pinned, (previous, hosts) => {
        const next = attempt(hosts, previous);
        fc.pre(next !== undefined);
        for (const host of hosts) {
          const before = pieceOf(previous, host.name);
          if (pinOf(host) === undefined && before !== undefined)
            assert.equal(pieceOf(next, host.name), before);
        }
      }),
    );
  });

  it("refuses pins only where one meets the piece of an unpinned host", () => {
    fc.assert(
      fc.property(life, pinned, (previous, hosts) => {
        const held = new Set(
          hosts.filter((host) => pinOf(host) === undefined).map((host) => pieceOf(previous, host.name)),
        );
        const hit = hosts.some((host) => pinOf(host) !== undefined && held.has(pinOf(host)));
        assert.equal(attempt(hosts, previous) === undefined, hit);
      }),
    );
  });

  it("does not depend on the order of the hosts, and gives the same plan when it plans again", () => {
    const shuffled = pinned.chain((hosts) =>
      fc.tuple(fc.constant(hosts), fc.shuffledSubarray(hosts, { minLength: hosts.length })),
    );
    fc.assert(
      fc.property(life, shuffled, (previous, [hosts, others]) => {
        const next = attempt(hosts, previous);
        assert.deepEqual(next, attempt(others, previous));
        if (next !== undefined) assert.deepEqual(plan(hosts, next), next);
      }),
    );
  });

  it("takes the lowest free piece, and one of the last plan only when no other is left", () => {
    fc.assert(
      fc.property(life, names(pieces), (previous, hosts) => {
        const next = plan(hosts.map(hostOf), previous);
        const before = previous["lan"] ?? {};
        const stood = new Set(Object.values(before).map((piece) => piece.range));
        const kept = new Set(hosts.map((one) => before[one]?.range));
        const all = [...Array(pieces).keys()].flatMap((n) => {
          const piece = nth(whole, prefix, BigInt(n));
          return piece ? [printRange(piece)] : [];
        });
        const order = [
          ...all.filter((one) => !stood.has(one)),
          ...all.filter((one) => stood.has(one) && !kept.has(one)),
        ];
        const fresh = hosts.filter((one) => !Object.hasOwn(before, one)).sort();
        assert.deepEqual(
          fresh.map((one) => pieceOf(next, one)),
          order.slice(0, fresh.length),
        );
      }),
    );
  });
});
