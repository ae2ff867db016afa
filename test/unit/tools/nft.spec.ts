import assert from "node:assert/strict";
import fc from "fast-check";
import * as nft from "../../../provider/tools/nft.js";
import { answer, images, moment, said } from "../../support/recorded.js";

const [question] = nft.questions;
const chain = "masquerade-172.30.16.0_20";

/**
 * nft's JSON of the text that we load, as the recorded hosts print it: a set of one is a plain name, a /32 a
 * plain address, and a set has an order of nft's own.
 */
function asNftLists(text: string): string {
  const address = (range: string) => {
    const [addr, len] = range.split("/");
    return len === "32" ? addr : { prefix: { addr, len: Number(len) } };
  };
  const field = (name: string) => ({ payload: { protocol: "ip", field: name } });
  const match = (left: unknown, right: unknown) => ({ match: { op: "==", left, right } });
  const name = /chain (\S+) \{/.exec(text)?.[1] ?? "";
  const rules = [
    ...text.matchAll(/oifname \{ (.+) \} ip saddr (\S+)(?: ip daddr (\S+))? (snat to ip saddr|masquerade)/g),
  ].map(([, set = "", source = "", destination, verdict]) => {
    const nics = set.split(", ").map((quoted) => JSON.parse(quoted) as string);
    const out = match({ meta: { key: "oifname" } }, nics.length === 1 ? nics[0] : { set: nics.reverse() });
    const to = destination === undefined ? [] : [match(field("daddr"), address(destination))];
    const last = verdict === "masquerade" ? { masquerade: null } : { snat: { addr: field("saddr") } };
    return { rule: { chain: name, expr: [out, match(field("saddr"), address(source)), ...to, last] } };
  });
  const head = { chain: { name, type: "nat", hook: "postrouting", prio: 90, policy: "accept" } };
  return JSON.stringify({ nftables: [{ metainfo: {} }, { table: { name: nft.table } }, head, ...rules] });
}

const range = fc
  .tuple(fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }), fc.integer({ min: 1, max: 32 }))
  .map(([bytes, prefix]) => `${bytes.join(".")}/${prefix}`);
const interfaces = fc
  .uniqueArray(fc.constantFrom("eth0", "eth1", "ens3", "wg0", "bond0.7"), { minLength: 1 })
  .map((names) => names.sort());
const common = fc.tuple(interfaces, range).map(([names, source]) => ({ interfaces: names, source }));
const rule: fc.Arbitrary<nft.NatRule> = fc.oneof(
  fc.tuple(common, range).map(([both, destination]) => ({ ...both, destination, action: "keep" as const })),
  common.map((both) => ({ ...both, action: "masquerade" as const })),
);

describe("nft", () => {
  it("reads back the rules that it loads", () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 6 }), (rules) => {
        const seen = nft.readNat(said(asNftLists(nft.loadNat("c", rules).stdin ?? "")));
        assert.deepEqual(seen.get("c"), rules);
        assert.ok(nft.hasNat(seen, "c", rules));
      }),
    );
  });

  for (const image of images) {
    it(`reads its chain on ${image}, where the model above is what nft prints`, () => {
      const { wishes } = moment(image, "ours");
      const common = { interfaces: ["eth0"], source: wishes.masquerade.source };
      const rules: nft.NatRule[] = [
        ...wishes.masquerade.exclude.map((destination) => ({
          ...common,
          destination,
          action: "keep" as const,
        })),
        { ...common, action: "masquerade" },
      ];
      const recorded = nft.readNat(answer(image, "ours", question));
      assert.deepEqual([...recorded], [[chain, rules]]);
      assert.deepEqual(recorded, nft.readNat(said(asNftLists(nft.loadNat(chain, rules).stdin ?? ""))));
    });

    it(`finds no table of its own on ${image} before and after`, () => {
      for (const when of ["fresh", "undone"] as const) {
        assert.equal(nft.readNat(answer(image, when, question)).size, 0);
      }
    });
  }

  it("calls a rule foreign that is ours but for one word", () => {
    const [ours] = images;
    const text = answer(ours ?? "", "ours", question).stdout;
    for (const [word, other] of [
      ['"snat"', '"dnat"'],
      ['"oifname"', '"iifname"'],
      ['"op": "=="', '"op": "!="'],
      ['"masquerade": null', '"accept": null'],
    ] as const) {
      const seen = nft.readNat(said(text.replace(word, other)));
      assert.ok(seen.get(chain)?.includes("foreign"), word);
    }
  });

  it("calls a chain foreign that does not run before Docker's", () => {
    const text = asNftLists(nft.loadNat("c", []).stdin ?? "").replace('"prio":90', '"prio":100');
    assert.deepEqual([...nft.readNat(said(text))], [["c", ["foreign"]]]);
  });

  it("removes the table with its last chain, and nothing that is not there", () => {
    const one = new Map([["c", []]]);
    assert.deepEqual(nft.deleteNat("c", one, "w"), [
      { why: "w", argv: ["nft", "delete", "table", "ip", "dockroute"] },
    ]);
    const two = new Map([...one, ["d", []] as const]);
    assert.deepEqual(nft.deleteNat("c", two, "w"), [
      { why: "w", argv: ["nft", "flush chain ip dockroute c; delete chain ip dockroute c"] },
    ]);
    assert.deepEqual(nft.deleteNat("x", two, "w"), []);
  });

  it("sees no chains where there is no nft", () => {
    assert.equal(nft.readNat(said("", 127)).size, 0);
  });
});
