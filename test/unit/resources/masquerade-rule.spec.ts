import assert from "node:assert/strict";
import { digest } from "../../../provider/boot/script.js";
import type { Remembered } from "../../../provider/engine/kind.js";
import * as nft from "../../../provider/facts/nft.js";
import { nftChain } from "../../../provider/resources/masquerade/chain.js";
import {
  type MasqueradeRuleInputs,
  type MasqueradeRuleSeen,
  masqueradeRule,
} from "../../../provider/resources/masquerade/index.js";
import { seenBy, tablesOf } from "../../support/kind-tables.js";
import { restoredBy } from "../../support/loaded.js";
import { withFiles } from "../../support/made.js";
import { images, inWords, moment } from "../../support/recorded.js";

const image = "docker28";
const { masquerade: wish } = moment(image, "ours").wishes;
const tables = tablesOf(masqueradeRule);
const fresh = seenBy(masqueradeRule, wish, image, "fresh");
const ours = asMade(wish, fresh);
const name = digest(wish.source);
const chain = `masquerade-${name}`;
const script = `/etc/dockroute/scripts/30-masquerade-${name}`;
const withoutNft = { ...fresh, hasNft: false };

/** The facts of the host after the first change. */
function asMade(inputs: MasqueradeRuleInputs & Remembered, seen: MasqueradeRuleSeen): MasqueradeRuleSeen {
  const chain = nftChain(inputs);
  const scripts = withFiles(tables.steps(inputs, seen), seen.scripts);
  return { ...seen, scripts, nft: new Map([...seen.nft, [chain.name, nft.asListed(chain)]]) };
}

function loaded(inputs: MasqueradeRuleInputs, seen = fresh): readonly string[] {
  return tables.steps(inputs, seen)[0]?.stdin?.split("\n") ?? [];
}

describe("a masquerade rule", () => {
  for (const each of images) {
    const there = moment(each, "ours").wishes.masquerade;
    it(`is so on ${each} once its script was loaded, and was not before`, () => {
      const before = seenBy(masqueradeRule, there, each, "fresh");
      const seen = asMade(there, before);
      assert.ok(tables.gone(there, before));
      assert.deepEqual(tables.steps(there, seen), []);
      assert.deepEqual(tables.drift(there, seen), []);
      assert.deepEqual(masqueradeRule.observed(there, seen), { exclude: there.exclude });
    });

    it(`is gone from ${each} before and after`, () => {
      for (const when of ["fresh", "undone"] as const) {
        const seen = seenBy(masqueradeRule, there, each, when);
        assert.ok(tables.gone(there, seen));
        assert.deepEqual(tables.undo(there, seen), []);
        assert.deepEqual(tables.refusals(there, seen), []);
      }
    });
  }

  it("binds flows to the peers to their own address, and says nothing about other traffic or any link", () => {
    const why = "let 172.30.16.0/20 keep its address towards 172.30.32.0/20, 172.30.48.7/32";
    assert.equal(tables.steps(wish, fresh)[0]?.why, why);
    const rules = loaded(wish).filter((line) => line.startsWith("    "));
    assert.deepEqual(rules, [
      "    type nat hook postrouting priority 90; policy accept;",
      "    ip saddr 172.30.16.0/20 ip daddr 172.30.32.0/20 snat to ip saddr",
      "    ip saddr 172.30.16.0/20 ip daddr 172.30.48.7/32 snat to ip saddr",
    ]);
  });

  it("masquerades what leaves the plan only if it is asked to, and nothing inside the source", () => {
    const rules = loaded({ ...wish, masquerade: true }).filter((line) => line.startsWith("    ip "));
    assert.deepEqual(rules, [
      "    ip saddr 172.30.16.0/20 ip daddr 172.30.16.0/20 accept",
      "    ip saddr 172.30.16.0/20 ip daddr 172.30.32.0/20 snat to ip saddr",
      "    ip saddr 172.30.16.0/20 ip daddr 172.30.48.7/32 snat to ip saddr",
      "    ip saddr 172.30.16.0/20 masquerade",
    ]);
    assert.deepEqual(tables.drift({ ...wish, masquerade: true }, ours), [
      `nat chain ${chain}: changed`,
      `${script}: differs`,
    ]);
  });

  it("leaves traffic inside the source to Docker where an excluded range covers the source", () => {
    const [first] = loaded({ ...wish, exclude: ["172.30.0.0/16"] }).filter((line) =>
      line.startsWith("    ip "),
    );
    assert.equal(first, "    ip saddr 172.30.16.0/20 ip daddr 172.30.16.0/20 accept");
  });

  it("holds for the interfaces that were named alone", () => {
    const rules = loaded({ ...wish, interfaces: ["eth0", "eth1"] });
    assert.ok(
      rules.some((line) => line.startsWith('    oifname { "eth0", "eth1" } ip saddr 172.30.16.0/20')),
    );
  });

  it("is a chain at the top of POSTROUTING on a host without nft", () => {
    const text = restoredBy(loaded(wish, withoutNft).join("\n"), []).join("\n");
    assert.ok(
      text.includes(
        `:DOCKROUTE-${name} - [0:0]\n-A DOCKROUTE-${name} -d 172.30.32.0/20 -j ACCEPT\n` +
          `-A DOCKROUTE-${name} -d 172.30.48.7/32 -j ACCEPT\n-I POSTROUTING `,
      ),
    );
    const jump = ["-s", wish.source, "-m", "comment", "--comment", "dockroute", "-j", `DOCKROUTE-${name}`];
    const rules = wish.exclude.map((range) => ["-d", range, "-j", "ACCEPT"]);
    const docker = fresh.nat.chains.get("POSTROUTING") ?? [];
    const natWith = (postrouting: readonly (readonly string[])[]) => ({
      ...asMade(wish, withoutNft),
      nat: {
        ...fresh.nat,
        chains: new Map([...fresh.nat.chains, ["POSTROUTING", postrouting], [`DOCKROUTE-${name}`, rules]]),
      },
    });
    assert.deepEqual(tables.drift(wish, natWith([jump, ...docker])), []);
    assert.deepEqual(tables.drift(wish, natWith([...docker, jump])), [
      `nat POSTROUTING jump to DOCKROUTE-${name}: not the first rule`,
    ]);
    assert.deepEqual(masqueradeRule.observed(wish, natWith([jump])), { exclude: wish.exclude });
    assert.deepEqual(
      tables
        .undo(wish, { ...natWith([jump]), hasConntrack: false })
        .slice(-3)
        .map(({ argv }) => argv.slice(4, 6).join(" ")),
      ["-D POSTROUTING", `-F DOCKROUTE-${name}`, `-X DOCKROUTE-${name}`],
    );
  });

  it("loads the chain anew if it was changed, and shows what is left of it", () => {
    const held = ours.nft.get(chain);
    assert.ok(held !== undefined);
    const seen = { ...ours, nft: new Map([[chain, { ...held, rules: held.rules.slice(1) }]]) };
    assert.deepEqual(tables.steps(wish, seen)[0]?.argv, ["sh"]);
    assert.deepEqual(tables.drift(wish, seen), [`nat chain ${chain}: changed`]);
    assert.deepEqual(masqueradeRule.observed(wish, seen), { exclude: ["172.30.48.7/32"] });
  });

  it("names drift if the table is gone", () => {
    assert.deepEqual(tables.drift(wish, { ...ours, nft: new Map() }), [`nat chain ${chain}: absent`]);
  });

  it("removes its table with its chain if no other chain is in it", () => {
    const words = inWords(tables.undo(wish, { ...ours, hasConntrack: false }));
    assert.equal(words[0], `rm -f ${script}  # remove ${script}`);
    assert.equal(words.at(-1), "nft delete table ip dockroute  # remove the nat chain of 172.30.16.0/20");
  });

  it("has flows decided anew after the chain was made and after it was removed", () => {
    for (const commands of [tables.steps(wish, fresh), tables.undo(wish, ours)]) {
      const at = commands.findIndex(({ argv }) => argv.join(" ").includes("conntrack -D"));
      const chainAt = commands.findIndex(
        ({ argv }) => argv[0] === "nft" || (argv[0] === "sh" && argv.length === 1),
      );
      assert.ok(chainAt >= 0 && at > chainAt);
    }
  });

  it("leaves what a successor has taken over, and takes over what a predecessor left", () => {
    const files = new Map(
      [...ours.scripts.files].map(([path, text]) => [path, text.replace(`${image}/`, "another/")]),
    );
    const seen = { ...ours, scripts: { ...ours.scripts, files } };
    assert.deepEqual(tables.undo(wish, seen), []);
    assert.deepEqual(tables.refusals(wish, seen), []);
    assert.equal(tables.drift(wish, seen).length, 1);
  });

  it("is refused if another stack holds the range on this host", () => {
    const mine = { ...wish, stack: "mesh/two" };
    const other = asMade({ ...wish, stack: "mesh/one" }, fresh);
    const changed = { ...other, nft: new Map<string, never>() };
    assert.match(tables.refusals(mine, changed).join(), /of the stack mesh\/one holds this on the host/);
    assert.deepEqual(tables.undo(mine, other), []);
  });

  it("is refused if there is no such interface", () => {
    assert.deepEqual(tables.refusals({ ...wish, interfaces: ["ens9"] }, fresh), [
      "there is no interface ens9; allowed is one of eth0",
    ]);
  });

  it("has a normal form: ranges and interfaces once, in order", () => {
    const raw = {
      ...wish,
      exclude: ["172.30.3.0/24", "172.30.2.0/24", "172.30.3.0/24"],
      interfaces: ["b", "a"],
      masquerade: true,
    };
    assert.deepEqual(masqueradeRule.check(raw), {
      inputs: { ...raw, exclude: ["172.30.2.0/24", "172.30.3.0/24"], interfaces: ["a", "b"] },
    });
  });
});

describe("a masquerade rule over what dockroute 0.1.0 left", () => {
  const former = "masquerade-172.30.16.0_20";
  const left = (verdict: "keep" | "masquerade"): nft.Rule => ({
    matches: [
      { on: "saddr", range: wish.source },
      ...(verdict === "keep" ? [{ on: "daddr", range: "172.30.32.0/20" } as const] : []),
    ],
    verdict,
  });
  const rules = [left("keep"), left("masquerade")];
  const chains = new Map([[former, nft.asListed({ name: former, at: "nat", rules })]]);
  const path = `/etc/dockroute/parts/${former}`;
  const files = new Map([...fresh.scripts.files, [path, `#!/bin/sh\n# dockroute ${image}/masquerade\n`]]);
  const old: MasqueradeRuleSeen = {
    ...fresh,
    nft: chains,
    scripts: { ...fresh.scripts, files },
    hasConntrack: false,
  };

  it("makes the new chain before it removes the old one, and spares the table", () => {
    const words = inWords(tables.steps(wish, old));
    const [load, away] = [
      words.findIndex((line) => line.startsWith("sh  #")),
      words.findIndex((line) => line.includes(`delete chain ip dockroute ${former}`)),
    ];
    assert.ok(load >= 0 && away > load);
    assert.ok(!words.some((line) => line.startsWith("nft delete table")));
    assert.deepEqual(masqueradeRule.observed(wish, old), { exclude: ["172.30.32.0/20"] });
  });

  it("removes it at once on a destroy, with the table", () => {
    const words = inWords(tables.undo(wish, old));
    assert.ok(words.includes("nft delete table ip dockroute  # remove the nat chain of 172.30.16.0/20"));
    assert.ok(words.some((line) => line.includes(path)));
  });

  it("warns if packets that leave were masqueraded and Docker does not do it", () => {
    const file = { ...fresh.file, text: '{"ip-masq": false}' };
    assert.match(tables.warnings(wish, { ...old, file }).join(), /keeps its own address from now on/);
    assert.doesNotMatch(
      tables.warnings({ ...wish, masquerade: true }, { ...old, file }).join(),
      /from now on, because/,
    );
    assert.doesNotMatch(tables.warnings(wish, { ...ours, file }).join(), /from now on, because/);
  });
});
