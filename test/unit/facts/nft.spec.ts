import assert from "node:assert/strict";
import fc from "fast-check";
import * as nft from "../../../provider/facts/nft.js";
import { exprOf } from "../../../provider/facts/nft-words.js";
import { answer, images, said } from "../../support/recorded.js";

const [question] = nft.questions;
const rule: fc.Arbitrary<nft.Rule> = fc
  .tuple(
    fc.constantFrom("172.30.2.0/24", "172.30.48.7/32"),
    fc.constantFrom("keep", "drop", "accept", "masquerade"),
  )
  .map(([range, verdict]) => ({ matches: [{ on: "daddr", range }], verdict }) as nft.Rule);

describe("nft", () => {
  for (const image of images) {
    it(`reads its chains on ${image}`, () => {
      const seen = nft.read(answer(image, "ours", question));
      assert.ok(seen.has("masquerade-172.30.16.0_20"));
      assert.deepEqual(nft.keptTowards(seen, "masquerade-172.30.16.0_20"), [
        "172.30.32.0/20",
        "172.30.48.7/32",
      ]);
    });

    it(`finds no table of its own on ${image} before and after`, () => {
      for (const when of ["fresh", "undone"] as const)
        assert.equal(nft.read(answer(image, when, question)).size, 0);
    });
  }

  it("takes no chain for its own that has another rule, hook or order", () => {
    const listed = (rules: readonly nft.Rule[], prio: number) =>
      nft.read(
        said(
          JSON.stringify({
            nftables: [
              { chain: { name: "c", type: "nat", hook: "postrouting", prio } },
              ...rules.map((each) => ({ rule: { chain: "c", expr: exprOf(each) } })),
            ],
          }),
        ),
      );
    const rules = fc.uniqueArray(rule, { maxLength: 4, selector: (each) => JSON.stringify(each) });
    fc.assert(
      fc.property(rules, rules, (wanted, others) => {
        const chain: nft.Chain = { name: "c", at: "nat", rules: wanted };
        assert.ok(!nft.has(nft.read(said("", 1)), chain));
        assert.ok(nft.has(listed(wanted, nft.natPriority), chain));
        assert.ok(!nft.has(listed(wanted, 100), chain));
        const isSame = JSON.stringify(wanted) === JSON.stringify(others);
        assert.equal(nft.has(listed(others, nft.natPriority), chain), isSame);
      }),
    );
  });

  it("finds its own words in what nft 1.1.3 printed of them", () => {
    const fib = (result: string, ...flags: readonly string[]) => ({ fib: { result, flags } });
    const printed: readonly (readonly [match: nft.Match, left: unknown, right: unknown])[] = [
      [{ on: "towards set", name: "open" }, fib("oifname", "daddr"), "@open"],
      [{ on: "to another link" }, fib("oif", "daddr", "iif"), false],
      [{ on: "to one machine" }, fib("type", "daddr"), "unicast"],
    ];
    for (const [match, left, right] of printed) {
      const expr = [{ match: { op: "==", left, right } }, { drop: null }];
      assert.deepEqual(exprOf({ matches: [match], verdict: "drop" }), expr);
    }
  });

  it("removes a chain with its sets, and the table with its last chain", () => {
    const chain: nft.Chain = { name: "c", at: "guard", rules: [], sets: ["s"] };
    const seen = (...names: readonly string[]) =>
      nft.read(said(JSON.stringify({ nftables: names.map((name) => ({ chain: { name } })) })));
    const removed = (...names: readonly string[]) =>
      nft.removeWithSets(chain, seen(...names), "why", "ip6").map(({ argv }) => argv.join(" "));
    assert.deepEqual(removed(), []);
    assert.deepEqual(removed("other"), []);
    assert.deepEqual(removed("c"), ["nft delete table ip6 dockroute"]);
    assert.deepEqual(removed("c", "other"), [
      "nft flush chain ip6 dockroute c; delete chain ip6 dockroute c; " +
        "add set ip6 dockroute s { type ifname; }; delete set ip6 dockroute s",
    ]);
  });
});
