import assert from "node:assert/strict";
import fc from "fast-check";
import * as nft from "../../../provider/facts/nft.js";
import { images, readFrom, said, shown } from "../../support/recorded.js";

const ranges = fc.constantFrom("172.30.2.0/24", "172.30.48.7/32", "10.0.0.0/8");
const match: fc.Arbitrary<nft.Match> = fc.oneof(
  fc.record({
    on: fc.constantFrom("iifname" as const, "oifname" as const),
    names: fc.constantFrom(["eth0"], ["eth0", "eth1"]),
  }),
  fc.record({ on: fc.constantFrom("saddr" as const, "daddr" as const, "not from" as const), range: ranges }),
  fc.record({ on: fc.constant("towards" as const), name: fc.constantFrom("docker0", "br-*") }),
  fc.record({
    on: fc.constant("port" as const),
    protocol: fc.constantFrom("tcp", "udp"),
    number: fc.constantFrom("443", "8000:8010"),
  }),
  fc.record({ on: fc.constant("port" as const), protocol: fc.constantFrom("icmp", "tcp") }),
  fc.constantFrom<nft.Match>(
    { on: "unmarked" },
    { on: "new" },
    { on: "new and not published" },
    { on: "no way back" },
  ),
);
const rule: fc.Arbitrary<nft.Rule> = fc.record({
  matches: fc.array(match, { minLength: 1, maxLength: 4 }),
  verdict: fc.constantFrom(
    "keep" as const,
    "drop" as const,
    "accept" as const,
    "masquerade" as const,
    "mark" as const,
  ),
});
const chain: fc.Arbitrary<nft.Chain> = fc.record({
  name: fc.constant("c"),
  at: fc.constantFrom("nat" as const, "mark" as const, "forward" as const),
  rules: fc.array(rule, { minLength: 1, maxLength: 4 }),
});

/** The output of `nft -j` on the chain, with the rest that it prints. */
function printed({ name, ...rest }: nft.Chain): ReturnType<typeof said> {
  const { hook, rules } = nft.asListed({ name, ...rest });
  const place = { family: "ip", table: "dockroute" };
  return said(
    JSON.stringify({
      nftables: [
        { metainfo: { version: "1.1.3" } },
        { table: { ...place, name: "dockroute", handle: 3 } },
        { chain: { ...place, name, handle: 1, ...(typeof hook === "object" ? hook : {}), policy: "accept" } },
        ...rules.map((expr, at) => ({ rule: { ...place, chain: name, handle: at + 2, expr } })),
      ],
    }),
  );
}

describe("nft", () => {
  for (const image of images) {
    it(`finds no table of its own on ${image} before and after`, () => {
      for (const when of ["fresh", "undone"] as const) assert.equal(shown(image, when, nft.chains).size, 0);
    });
  }

  it("finds a chain that it wrote", () => {
    fc.assert(
      fc.property(chain, (wanted) => assert.ok(nft.has(readFrom(nft.chains, printed(wanted)), wanted))),
    );
  });

  it("does not take a chain for its own that has another hook, or a rule less, more, changed or moved", () => {
    fc.assert(
      fc.property(chain, rule, (wanted, other) => {
        const seen = readFrom(nft.chains, printed(wanted));
        const [first, ...rest] = wanted.rules;
        const at = wanted.at === "nat" ? "mark" : "nat";
        const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
        assert.ok(!nft.has(readFrom(nft.chains, said("", 1)), wanted));
        assert.ok(!nft.has(seen, { ...wanted, at }));
        assert.ok(!nft.has(seen, { ...wanted, rules: rest }));
        assert.ok(!nft.has(seen, { ...wanted, rules: [...wanted.rules, other] }));
        if (!same(first, other)) assert.ok(!nft.has(seen, { ...wanted, rules: [other, ...rest] }));
        const moved = [...wanted.rules].reverse();
        if (!same(moved, wanted.rules)) assert.ok(!nft.has(seen, { ...wanted, rules: moved }));
      }),
    );
  });

  it("gives each match and each verdict a text of its own", () => {
    fc.assert(
      fc.property(rule, rule, (a, b) => {
        const text = (each: nft.Rule) => nft.load([{ name: "c", at: "forward", rules: [each] }]).stdin;
        const listed = (each: nft.Rule) =>
          JSON.stringify(nft.asListed({ name: "c", at: "forward", rules: [each] }));
        assert.equal(text(a) === text(b), listed(a) === listed(b));
      }),
    );
  });

  // Text and listing side by side as nft 1.1.3 takes and prints them.
  for (const [matches, verdict, text, expr] of [
    [
      [{ on: "saddr", range: "172.16.0.0/12" }, { on: "no way back" }],
      "drop",
      "ip saddr 172.16.0.0/12 fib saddr . iif oif missing drop",
      [
        {
          match: {
            op: "==",
            left: { payload: { protocol: "ip", field: "saddr" } },
            right: { prefix: { addr: "172.16.0.0", len: 12 } },
          },
        },
        { match: { op: "==", left: { fib: { result: "oif", flags: ["saddr", "iif"] } }, right: false } },
        { drop: null },
      ],
    ],
    [
      [{ on: "not from", range: "172.16.0.0/12" }, { on: "unmarked" }, { on: "new and not published" }],
      "drop",
      "ip saddr != 172.16.0.0/12 meta mark and 0x10000000 == 0 ct state new ct status and dnat == 0 drop",
      [
        {
          match: {
            op: "!=",
            left: { payload: { protocol: "ip", field: "saddr" } },
            right: { prefix: { addr: "172.16.0.0", len: 12 } },
          },
        },
        { match: { op: "==", left: { "&": [{ meta: { key: "mark" } }, 268435456] }, right: 0 } },
        { match: { op: "in", left: { ct: { key: "state" } }, right: "new" } },
        { match: { op: "!", left: { ct: { key: "status" } }, right: "dnat" } },
        { drop: null },
      ],
    ],
  ] as const satisfies readonly (readonly [readonly nft.Match[], nft.Rule["verdict"], string, unknown])[]) {
    it(`writes and reads: ${text}`, () => {
      const wanted: nft.Chain = { name: "c", at: "forward", rules: [{ matches, verdict }] };
      assert.ok(nft.load([wanted]).stdin?.includes(`    ${text}\n`));
      assert.deepEqual(nft.asListed(wanted).rules, [expr]);
    });
  }

  it("reads the ranges towards which a chain keeps the source, and no others", () => {
    const to = (range: string, verdict: nft.Rule["verdict"]): nft.Rule => ({
      matches: [{ on: "daddr", range }],
      verdict,
    });
    const rules = [to("172.30.2.0/24", "keep"), to("172.30.1.0/24", "accept"), to("172.30.48.7/32", "keep")];
    const seen = readFrom(nft.chains, printed({ name: "c", at: "nat", rules }));
    assert.deepEqual(nft.keptTowards(seen, "c"), ["172.30.2.0/24", "172.30.48.7/32"]);
  });
});
