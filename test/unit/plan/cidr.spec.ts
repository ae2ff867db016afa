import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Address,
  addressAt,
  contains,
  containsAddress,
  countOf,
  firstAddress,
  nth,
  overlaps,
  parseAddress,
  parseHostOrRange,
  parseInterface,
  parseRange,
  printAddress,
  printRange,
  type Range,
  rangeAround,
  sameAddress,
  size,
} from "../../../provider/plan/cidr.js";
import { type Family, v4, v6 } from "../../../provider/plan/family.js";

function addressOf(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok("value" in parsed, text);
  return parsed.value;
}

function rangeOf(text: string): Range {
  const parsed = parseRange(text);
  assert.ok("value" in parsed, text);
  return parsed.value;
}

/** A random address of the family, with many zero bits in some, as text of eight groups or four bytes. */
function texts(family: Family): fc.Arbitrary<string> {
  if (family === v4) return fc.tuple(...Array(4).fill(fc.nat(255))).map((bytes) => bytes.join("."));
  const group = fc.oneof(fc.constant(0), fc.nat(0xffff));
  return fc
    .tuple(...Array(8).fill(group))
    .map((groups) => groups.map((each) => Number(each).toString(16)).join(":"));
}

const addresses = (family: Family) => texts(family).map(addressOf);
const ranges = (family: Family) =>
  fc.tuple(addresses(family), fc.nat(family.bits)).map(([at, prefix]) => rangeAround(at, prefix));

for (const family of [v4, v6]) {
  describe(`an ${family.name} address`, () => {
    it("is read from the text that it prints", () => {
      fc.assert(
        fc.property(addresses(family), (at) => {
          assert.deepEqual(parseAddress(printAddress(at)), { value: at });
          assert.equal(rangeAround(at, family.bits).family, family);
        }),
      );
    });

    it("is refused where the other family is asked for", () => {
      const other = family === v4 ? v6 : v4;
      fc.assert(fc.property(texts(family), (text) => assert.ok("reason" in parseAddress(text, other))));
    });
  });

  describe(`an ${family.name} range`, () => {
    const one = ranges(family);

    it("is read from the text that it prints", () => {
      fc.assert(
        fc.property(one, (range) => assert.deepEqual(parseRange(printRange(range)), { value: range })),
      );
    });

    it("is its addresses from the first to the last, as many as its prefix leaves bits for", () => {
      fc.assert(
        fc.property(one, addresses(family), (range, at) => {
          assert.equal(size(range), 2n ** BigInt(family.bits - range.prefix));
          assert.equal(range.last.value - range.first.value + 1n, size(range));
          assert.equal(addressAt(range, 0n).value, range.first.value);
          const inside = at.value >= range.first.value && at.value <= range.last.value;
          assert.equal(containsAddress(range, at), inside);
          assert.equal(containsAddress(rangeAround(at, range.prefix), at), true);
        }),
      );
    });

    it("contains or is contained in a range that it overlaps", () => {
      const near = fc
        .tuple(one, fc.nat(family.bits))
        .map(([range, prefix]) => rangeAround(range.last, prefix));
      fc.assert(
        fc.property(one, fc.oneof(one, near), (a, b) => {
          assert.equal(overlaps(a, b), overlaps(b, a));
          assert.equal(overlaps(a, b), contains(a, b) || contains(b, a));
          assert.equal(printRange(a) === printRange(b), contains(a, b) && contains(b, a));
        }),
      );
    });

    it("has its nth range between the ones before and after it", () => {
      const cases = one
        .filter(({ prefix }) => prefix < family.bits)
        .chain((outer) =>
          fc.tuple(fc.constant(outer), fc.integer({ min: outer.prefix + 1, max: family.bits })),
        );
      fc.assert(
        fc.property(cases, fc.nat(), ([outer, prefix], some) => {
          const count = countOf(outer, prefix);
          const n = BigInt(some) % count;
          const here = nth(outer, prefix, n);
          assert.ok(here !== undefined && contains(outer, here) && here.prefix === prefix);
          const next = nth(outer, prefix, n + 1n);
          if (next) assert.equal(here.last.value + 1n, next.first.value);
          else assert.ok(n + 1n === count && sameAddress(here.last, outer.last));
          assert.equal(nth(outer, prefix, -1n), undefined);
        }),
      );
    });

    it("has the host's address and its network in an interface's address", () => {
      fc.assert(
        fc.property(addresses(family), fc.nat(family.bits), (address, prefix) => {
          const parsed = parseInterface(`${printAddress(address)}/${prefix}`);
          assert.deepEqual(parsed, { value: { address, range: rangeAround(address, prefix) } });
        }),
      );
    });

    it("may be one address, written without a prefix", () => {
      fc.assert(
        fc.property(addresses(family), (at) => {
          assert.deepEqual(parseHostOrRange(printAddress(at)), { value: rangeAround(at, family.bits) });
        }),
      );
    });
  });
}

describe("an IPv4 address", () => {
  for (const text of [
    ...["010.0.0.1", "10.1", "10", "0x0a.0.0.1", "256.0.0.1", " 10.0.0.1", "10.0.0.1 ", "10.0.0.1\n"],
    ...["10.0.0.1/32", "١٠.0.0.1", "10.0.0.1;id", "-1.0.0.0", "1e1.0.0.1", "::1", ""],
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const reason =
        `${JSON.stringify(text)} is refused: ` +
        "an IPv4 address is four numbers from 0 to 255 without leading zeros, like 192.168.145.128";
      assert.deepEqual(parseAddress(text, v4), { reason });
    });
  }
});

describe("an IPv6 address", () => {
  it("is printed in the form of RFC 5952", () => {
    // The WHATWG's URL prints IPv6 by the same rules.
    fc.assert(
      fc.property(texts(v6), (text) => {
        assert.equal(`[${printAddress(addressOf(text))}]`, new URL(`http://[${text}]/`).hostname);
      }),
    );
  });

  const spellings: readonly (readonly [text: string, printed: string])[] = [
    ["FD00:0001::0", "fd00:1::"],
    ["fd00:1:0:0:0:0:0:0", "fd00:1::"],
    ["::", "::"],
    ["::1", "::1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:0:0:2:3:0:0:4", "1::2:3:0:0:4"],
    ["1:2:3:0:5:6:7:8", "1:2:3:0:5:6:7:8"],
    ["::ffff:192.0.2.1", "::ffff:c000:201"],
  ];
  for (const [text, printed] of spellings) {
    it(`prints ${text} as ${printed}`, () => assert.equal(printAddress(addressOf(text)), printed));
  }

  for (const text of [
    ...["fe80::1%eth0", "fd00::1::", ":::", "fd00", "12345::", "g::1", " ::1", "::1 ", "::1\n", "[::1]"],
    ...["1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1/128", "::1;id", "::256.0.0.1", "10.0.0.1"],
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const reason =
        `${JSON.stringify(text)} is refused: ` +
        "an IPv6 address is up to eight groups of hexadecimal digits, without a zone, like fd00::1";
      assert.deepEqual(parseAddress(text, v6), { reason });
    });
  }
});

describe("a range", () => {
  it("with host bits is refused, and its network named", () => {
    assert.deepEqual(parseRange("172.30.1.5/24"), {
      reason: "172.30.1.5/24 has host bits set; the network is 172.30.1.0/24",
    });
    assert.deepEqual(parseRange("fd00:1::5/64"), {
      reason: "fd00:1::5/64 has host bits set; the network is fd00:1::/64",
    });
  });

  for (const text of [
    ...["10.0.0.0/08", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0", "10.0.0.0/", "10.0.0.0/8/8", "10/8"],
    ...["010.0.0.0/8", "10.0.0.0 /8", "10.0.0.0/ 8", "10.0.0.0/0x8", "10.0.0.0/8\n"],
    ...["fd00::/129", "fd00::/064", "fd00::", "fd00::/64/64", "fe80::%eth0/64", "fd00::/1e1"],
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.ok("reason" in parseRange(text)));
  }

  it("tells the form of both families where both are allowed", () => {
    assert.deepEqual(parseRange("10.0.0.0"), {
      reason:
        '"10.0.0.0" is refused: an IPv4 range is an address, a slash and a prefix length from 0 to 32 without leading ' +
        "zeros, like 172.30.0.0/16; an IPv6 range is an address, a slash and a prefix length from 0 to 128 without " +
        "leading zeros, like fd00:1::/64",
    });
  });

  it("is one value in all its spellings", () => {
    const [one, other] = [rangeOf("fd00:0001::0/104"), rangeOf("fd00:1::/104")];
    assert.deepEqual(one, other);
    assert.equal(printRange(one), printRange(other));
  });

  it("of one family neither contains nor overlaps one of the other", () => {
    fc.assert(
      fc.property(ranges(v4), ranges(v6), addresses(v6), (a, b, at) => {
        assert.ok(!overlaps(a, b) && !contains(a, b) && !contains(b, a));
        assert.ok(!containsAddress(a, at));
      }),
    );
    // The same bits are not the same address.
    assert.ok(!sameAddress(addressOf("0.0.0.1"), addressOf("::1")));
    assert.ok(!contains(rangeOf("0.0.0.0/0"), rangeOf("::/96")));
  });

  it("has no nth range that is larger than itself, and none after its last", () => {
    const outer = rangeOf("172.30.0.0/16");
    assert.equal(nth(outer, 8, 0n), undefined);
    assert.equal(nth(outer, 24, 256n), undefined);
    assert.equal(nth(outer, 16, 1n), undefined);
  });

  it("reaches to the last address", () => {
    assert.equal(printAddress(rangeOf("255.255.255.0/24").last), "255.255.255.255");
    assert.equal(printAddress(addressAt(rangeOf("172.30.1.0/24"), -1n)), "172.30.1.254");
    assert.equal(size(rangeOf("::/0")), 2n ** 128n);
  });

  it("has a first address for a machine beside the network's own, where there is room", () => {
    const first = (text: string) => printAddress(firstAddress(rangeOf(text)));
    assert.equal(first("172.30.1.0/24"), "172.30.1.1");
    assert.equal(first("172.30.1.6/31"), "172.30.1.6");
    assert.equal(first("172.30.1.7/32"), "172.30.1.7");
    assert.equal(first("fd00:1::/64"), "fd00:1::1");
    assert.equal(first("fd00:1::2/127"), "fd00:1::2");
  });
});
