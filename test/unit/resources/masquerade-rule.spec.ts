import assert from "node:assert/strict";
import { type MasqueradeRuleSeen, masqueradeRule } from "../../../provider/resources/masquerade/index.js";
import { images, inWords, moment, seenBy } from "../../support/recorded.js";

const image = "docker28";
const { masquerade: wish } = moment(image, "ours").wishes;
const fresh = seenBy(masqueradeRule, wish, image, "fresh");
const ours = seenBy(masqueradeRule, wish, image, "ours");
const chain = "masquerade-172.30.16.0_20";
const part = `/etc/dockroute/parts/${chain}`;

describe("a masquerade rule", () => {
  for (const each of images) {
    const there = moment(each, "ours").wishes.masquerade;
    it(`is so already on ${each}`, () => {
      const seen = seenBy(masqueradeRule, there, each, "ours");
      assert.deepEqual(masqueradeRule.steps(there, seen), []);
      assert.deepEqual(masqueradeRule.drift(there, seen), []);
      assert.deepEqual(masqueradeRule.observed(there, seen), { exclude: there.exclude });
    });

    it(`is gone from ${each} before and after`, () => {
      for (const when of ["fresh", "undone"] as const) {
        const seen = seenBy(masqueradeRule, there, each, when);
        assert.ok(masqueradeRule.gone(there, seen));
        assert.deepEqual(masqueradeRule.undo(there, seen), []);
        assert.deepEqual(masqueradeRule.objections(there, seen), []);
      }
    });
  }

  it("binds flows to the peers to their own address, on each network card", () => {
    const [load] = masqueradeRule.steps(wish, fresh);
    assert.equal(
      load?.why,
      "let 172.30.16.0/20 keep its address towards 172.30.32.0/20, 172.30.48.7/32, and masquerade the rest",
    );
    assert.match(
      load?.stdin ?? "",
      /oifname \{ "eth0" \} ip saddr 172\.30\.16\.0\/20 ip daddr 172\.30\.32\.0\/20 snat to ip saddr\n/,
    );
  });

  it("loads the chain anew where someone has changed it, and shows what is left of it", () => {
    const held = ours.nft.get(chain);
    assert.ok(held !== undefined);
    const changed = { ...held, rules: held.rules.slice(1) };
    const seen: MasqueradeRuleSeen = { ...ours, nft: new Map([[chain, changed]]) };
    assert.deepEqual(masqueradeRule.steps(wish, seen)[0]?.argv, ["sh"]);
    assert.deepEqual(masqueradeRule.drift(wish, seen), [`nat chain ${chain}: changed`]);
    assert.deepEqual(masqueradeRule.observed(wish, seen), { exclude: ["172.30.48.7/32"] });
  });

  it("tells drift in words where the table is gone", () => {
    assert.deepEqual(masqueradeRule.drift(wish, { ...ours, nft: new Map() }), [`nat chain ${chain}: absent`]);
  });

  it("takes away its table with its chain, where no other chain is in it", () => {
    assert.deepEqual(inWords(masqueradeRule.undo(wish, { ...ours, hasConntrack: false })), [
      `rm -f ${part}  # remove ${part}`,
      "nft delete table ip dockroute  # remove the nat chain of 172.30.16.0/20",
    ]);
  });

  it("leaves what a successor has taken over", () => {
    const text = (ours.parts.files.get(part) ?? "").replace(`${image}/`, "another/");
    const files = new Map([...ours.parts.files, [part, text] as const]);
    assert.deepEqual(masqueradeRule.undo(wish, { ...ours, parts: { ...ours.parts, files } }), []);
  });

  it("is refused where there is no such interface", () => {
    assert.deepEqual(masqueradeRule.objections({ ...wish, interfaces: ["ens9"] }, fresh), [
      { property: "interfaces", reason: "there is no interface ens9; allowed is one of eth0" },
    ]);
  });

  it("has a normal form: ranges and interfaces once, in order", () => {
    const raw = {
      ...wish,
      exclude: ["172.30.3.0/24", "172.30.2.0/24", "172.30.3.0/24"],
      interfaces: ["b", "a"],
    };
    assert.deepEqual(masqueradeRule.check(raw), {
      inputs: { ...wish, exclude: ["172.30.2.0/24", "172.30.3.0/24"], interfaces: ["a", "b"] },
    });
  });
});
