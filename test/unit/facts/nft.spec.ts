import assert from "node:assert/strict";
import fc from "fast-check";
import * as nft from "../../../provider/facts/nft.js";
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
      assert.deepEqual(nft.destinations(seen, "masquerade-172.30.16.0_20"), [
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
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 4 }), (rules) => {
        assert.ok(!nft.has(nft.read(said("", 1)), { name: "c", at: "nat", rules }));
        const listing = { nftables: [{ chain: { name: "c", type: "nat", hook: "postrouting", prio: 100 } }] };
        assert.ok(!nft.has(nft.read(said(JSON.stringify(listing))), { name: "c", at: "nat", rules }));
      }),
    );
  });
});
