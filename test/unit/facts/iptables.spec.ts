import assert from "node:assert/strict";
import fc from "fast-check";
import * as iptables from "../../../provider/facts/iptables.js";
import { forwardChain } from "../../support/names.js";
import { answers, images, said, shown } from "../../support/recorded.js";

const [filterFact, rawFact] = [iptables.rulesOf("filter"), iptables.rulesOf("raw")];

/** xtables_save_string of iptables: words of plain characters bare, all others in quotes with escapes. */
function printed(word: string): string {
  return /^[\w-]+$/.test(word) ? word : `"${word.replace(/["\\']/g, "\\$&")}"`;
}

const text = fc.string({ unit: fc.constantFrom(..."abc XY09-_\"'\\;$`#"), minLength: 0, maxLength: 12 });
/** Options and addresses are printed bare, texts of a person as above. */
const rule = fc.array(fc.tuple(fc.constantFrom("-s", "--comment", "--log-prefix", "-j"), text), {
  maxLength: 5,
});

describe("iptables", () => {
  it("reads the words that it prints", () => {
    fc.assert(
      fc.property(rule, (options) => {
        const line = options.map(([option, word]) => `${option} ${printed(word)}`).join(" ");
        assert.deepEqual(iptables.words(line), options.flat());
      }),
    );
  });

  it("reads every rule of a chain, in order", () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 5 }), (rules) => {
        const lines = rules.map((options) =>
          ["-A C", ...options.map(([option, word]) => `${option} ${printed(word)}`)].join(" "),
        );
        const seen = iptables.readTable(said(["-P INPUT DROP", "-N C", ...lines, ""].join("\n")));
        const wanted = rules.map((options) => options.flat());
        assert.deepEqual(seen.chains.get("C"), wanted);
        assert.ok(iptables.hasChain(seen, "C", wanted));
        assert.ok(wanted.every((each) => iptables.hasRule(seen, "C", each)));
        assert.equal(seen.policies.get("INPUT"), "DROP");
      }),
    );
  });

  for (const image of images) {
    it(`reads both tables of ${image}`, () => {
      const filter = shown(image, "ours", filterFact);
      const raw = shown(image, "ours", rawFact);
      // Docker's nftables backend leaves iptables as it is.
      const docker = image !== "docker29-nft";
      assert.equal(filter.policies.get("FORWARD"), docker ? "DROP" : "ACCEPT");
      assert.equal(iptables.hasRule(filter, "FORWARD", ["-j", "DOCKER-USER"]), docker);
      const chain = forwardChain("172.30.16.0/20");
      const jump = ["-d", "172.30.16.0/20", "-m", "comment", "--comment", "dockroute"];
      for (const [seen, from] of [
        [filter, docker ? "DOCKER-USER" : "FORWARD"],
        [raw, "PREROUTING"],
      ] as const) {
        assert.ok(iptables.hasRule(seen, from, [...jump, "-j", chain]));
        assert.ok((seen.chains.get(chain)?.length ?? 0) >= 2);
      }
    });

    it(`finds nothing of its own on ${image} before and after`, () => {
      for (const when of ["fresh", "undone"] as const) {
        for (const { stdout } of answers(image, when, [...filterFact.ask({}), ...rawFact.ask({})])) {
          assert.ok(!stdout.toLowerCase().includes("dockroute"));
        }
      }
    });
  }

  it("is not fooled by the order of a chain, nor by a rule more", () => {
    const seen = iptables.readTable(said("-N C\n-A C -s 10.0.0.1/32 -j ACCEPT\n-A C -j DROP\n"));
    const [first, second] = [
      ["-s", "10.0.0.1/32", "-j", "ACCEPT"],
      ["-j", "DROP"],
    ];
    assert.ok(iptables.hasChain(seen, "C", [first ?? [], second ?? []]));
    assert.ok(!iptables.hasChain(seen, "C", [second ?? [], first ?? []]));
    assert.ok(!iptables.hasChain(seen, "C", [first ?? []]));
    assert.ok(!iptables.hasChain(seen, "D", []));
  });
});
