import assert from "node:assert/strict";
import fc from "fast-check";
import {
  contains,
  firstAddress,
  last,
  nth,
  overlaps,
  parseAddress,
  parseInterface,
  parseRange,
  printAddress,
  printRange,
  rangeAround,
} from "../../../provider/plan/cidr.js";

const address = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const range = fc
  .tuple(address, fc.integer({ min: 0, max: 32 }))
  .map(([at, prefix]) => rangeAround(at, prefix));

describe("an IPv4 address", () => {
  it("reads what it prints", () => {
    fc.assert(fc.property(address, (at) => assert.deepEqual(parseAddress(printAddress(at)), { value: at })));
  });

  const refused = [
    "010.0.0.1",
    "10.1",
    "10",
    "0x0a.0.0.1",
    "256.0.0.1",
    " 10.0.0.1",
    "10.0.0.1 ",
    "10.0.0.1\n",
  ];
  for (const text of [
    ...refused,
    "10.0.0.1/32",
    "١٠.0.0.1",
    "10.0.0.1;id",
    "-1.0.0.0",
    "1e1.0.0.1",
    "::1",
    "",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const reason =
        `${JSON.stringify(text)} is refused: ` +
        "an IPv4 address is four numbers from 0 to 255 without leading zeros, like 192.168.145.128";
      assert.deepEqual(parseAddress(text), { reason });
    });
  }
});

describe("an IPv4 range", () => {
  it("reads what it prints", () => {
    fc.assert(fc.property(range, (one) => assert.deepEqual(parseRange(printRange(one)), { value: one })));
  });

  it("names the network that a range with host bits lies in", () => {
    const reason = "172.30.1.5/24 has host bits set; the network is 172.30.1.0/24";
    assert.deepEqual(parseRange("172.30.1.5/24"), { reason });
  });

  const refused = [
    "10.0.0.0/08",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10/8",
  ];
  for (const text of [
    ...refused,
    "010.0.0.0/8",
    "10.0.0.0 /8",
    "10.0.0.0/ 8",
    "10.0.0.0/0x8",
    "10.0.0.0/8\n",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.ok("reason" in parseRange(text)));
  }

  it("reads a bip as an address and its network", () => {
    assert.deepEqual(parseInterface("172.30.1.1/24"), {
      value: { address: 0xac1e0101, range: { first: 0xac1e0100, prefix: 24 } },
    });
  });

  it("contains what overlaps it and is not larger", () => {
    fc.assert(
      fc.property(range, range, (a, b) => {
        assert.equal(overlaps(a, b), overlaps(b, a));
        // Two CIDR ranges are nested or apart, never crossed.
        assert.equal(overlaps(a, b), contains(a, b) || contains(b, a));
      }),
    );
  });

  it("has its nth range between the ones before and after it", () => {
    const outer = rangeAround(0xac1e0000, 16);
    assert.deepEqual(nth(outer, 24, 255), { first: 0xac1eff00, prefix: 24 });
    assert.equal(nth(outer, 24, 256), undefined);
    assert.equal(nth(outer, 24, -1), undefined);
    assert.equal(nth(outer, 15, 0), undefined);
    assert.equal(nth(rangeAround(0xff000000, 8), 8, 0)?.first, 0xff000000);
  });

  it("gives the address after the network's own as the first", () => {
    assert.equal(printAddress(firstAddress(rangeAround(0xac1e0100, 24))), "172.30.1.1");
    assert.equal(printAddress(last(rangeAround(0xffffff00, 24))), "255.255.255.255");
  });
});
