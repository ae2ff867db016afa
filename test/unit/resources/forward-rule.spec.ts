import assert from "node:assert/strict";
import { digest } from "../../../provider/boot/script.js";
import type { Remembered } from "../../../provider/engine/kind.js";
import * as nft from "../../../provider/facts/nft.js";
import { isolation, markChain } from "../../../provider/resources/forward/chains.js";
import { lastRule } from "../../../provider/resources/forward/guard.js";
import {
  type ForwardRuleInputs,
  type ForwardRuleSeen,
  forwardRule,
} from "../../../provider/resources/forward/index.js";
import { seenBy, tablesOf } from "../../support/kind-tables.js";
import { restoredBy } from "../../support/loaded.js";
import { withFiles, withRules } from "../../support/made.js";
import { images, inWords, moment } from "../../support/recorded.js";

const image = "docker28";
const { forward: wish } = moment(image, "ours").wishes;
const tables = tablesOf(forwardRule);
const fresh = seenBy(forwardRule, wish, image, "fresh");
const ours = asMade(wish, fresh);
const name = digest(wish.destination);
const chain = `DOCKROUTE-${name}`;
const script = `/etc/dockroute/scripts/10-forward-${name}`;

/** The facts of the host after the first change. */
function asMade(inputs: ForwardRuleInputs & Remembered, seen: ForwardRuleSeen): ForwardRuleSeen {
  const steps = tables.steps(inputs, seen);
  const mark = markChain(inputs, seen);
  const isMarked = seen.daemon.firewall?.startsWith("nftables") === true;
  return {
    ...seen,
    scripts: withFiles(steps, seen.scripts),
    filter: withRules(steps, "filter", seen.filter),
    raw: withRules(steps, "raw", seen.raw),
    nft: isMarked ? new Map([...seen.nft, [mark.name, nft.asListed(mark)]]) : seen.nft,
  };
}

function withChain(
  seen: ForwardRuleSeen,
  chain: string,
  rules: readonly (readonly string[])[],
): ForwardRuleSeen {
  return { ...seen, filter: { ...seen.filter, chains: new Map([...seen.filter.chains, [chain, rules]]) } };
}

function linesOf(inputs: ForwardRuleInputs, seen = fresh): readonly string[] {
  return tables.steps(inputs, seen)[0]?.stdin?.split("\n") ?? [];
}

describe("a forward rule", () => {
  for (const each of images) {
    for (const which of ["forward", "ports"] as const) {
      const there = moment(each, "ours").wishes[which];
      it(`is so on ${each} once its script was loaded, and was not before: ${which}`, () => {
        const before = seenBy(forwardRule, there, each, "fresh");
        const seen = asMade(there, before);
        assert.ok(tables.gone(there, before));
        assert.deepEqual(tables.drift(there, seen), []);
        assert.deepEqual(tables.steps(there, seen), []);
        assert.deepEqual(forwardRule.observed(there, seen), { sources: there.sources });
      });

      it(`warns if Docker's rules for published ports are gone from ${each}: ${which}`, () => {
        const seen = seenBy(forwardRule, there, each, "fresh");
        const warned = (now: ForwardRuleSeen) => tables.warnings(there, now).join("\n");
        assert.doesNotMatch(warned(seen), /are gone/);
        const emptied = { ...seen, nat: { ...seen.nat, chains: new Map() }, dockersTable: false };
        assert.match(warned(emptied), /published ports are gone \(8080 of web\)/);
        assert.match(warned(emptied), /rules that masquerade what leaves 172\.17\.0\.0\/16 are gone,/);
        const told = { ...emptied, file: { ...seen.file, text: '{"iptables": false}' } };
        assert.doesNotMatch(warned(told), /are gone/);
      });

      it(`is gone from ${each} before and after: ${which}`, () => {
        for (const when of ["fresh", "undone"] as const) {
          const seen = seenBy(forwardRule, there, each, when);
          assert.deepEqual(tables.undo(there, seen), []);
          assert.ok(tables.gone(there, seen));
          assert.deepEqual(tables.refusals(there, seen), []);
        }
      });
    }
  }

  it("names the ranges that Docker masqueraded and no longer does, and no others", () => {
    const network = fresh.dockerNetworks?.find(({ isDefault }) => isDefault);
    assert.ok(network !== undefined && network.containers > 0);
    const other = "172.30.17.0/24";
    const told = (change: Partial<typeof network>, rules: readonly (readonly string[])[] = []) => {
      const dockerNetworks = [{ ...network, ranges: [{ subnet: other }], ...change }];
      const nat = { ...fresh.nat, chains: new Map([["POSTROUTING", rules]]) };
      const warned = tables.warnings(wish, { ...fresh, published: [], dockerNetworks, nat }).join("\n");
      return /Docker's rules that masquerade what leaves (\S+) are gone,/.exec(warned)?.[1];
    };
    const rule = (...target: readonly string[]) => ["-s", other, "!", "-o", "docker0", "-j", ...target];
    assert.equal(told({}), other);
    assert.equal(told({ ranges: [{ subnet: "172.30.17.9/24" }, { subnet: "fd00::/64" }] }), other);
    assert.equal(told({}, [rule("MASQUERADE").with(1, "172.17.0.0/16")]), other);
    assert.equal(told({}, [rule("MASQUERADE")]), undefined);
    assert.equal(
      told({ sourceIpv4: "192.168.145.9" }, [rule("SNAT", "--to-source", "192.168.145.9")]),
      undefined,
    );
    const without: readonly Partial<typeof network>[] = [
      { masquerades: false },
      { internal: true },
      { containers: 0 },
      { driver: "macvlan" },
      { gatewayMode: { ipv4: "routed", ipv6: "nat" } },
    ];
    for (const change of without) assert.equal(told(change), undefined, JSON.stringify(change));
  });

  it("makes a chain in two tables that asks Docker's isolation first, and jumps to it", () => {
    const [load] = tables.steps(wish, fresh);
    assert.equal(load?.why, `let ${wish.sources.join(", ")} into 172.30.16.0/20`);
    const jump = `-d 172.30.16.0/20 -m comment --comment dockroute -j ${chain}`;
    const accepts = wish.sources.map((from) => `-A ${chain} -s ${from} -i eth0 -j ACCEPT`);
    const isolated = isolation.map((to) => `-A ${chain} -j ${to}`);
    assert.deepEqual(restoredBy(load?.stdin ?? "", []), [
      ...["*raw", `:${chain} - [0:0]`, ...accepts, `-I PREROUTING ${jump}`, "COMMIT"],
      ...["*filter", ...["DOCKER-USER", ...isolation].map((each) => `-N ${each}`), `:${chain} - [0:0]`],
      ...[...isolated, ...accepts, `-I DOCKER-USER ${jump}`, "COMMIT"],
    ]);
  });

  it("opens nothing if nobody may enter", () => {
    assert.ok(!linesOf({ ...wish, sources: [] }).some((line) => line.includes("ACCEPT")));
  });

  it("names no link but those by which the sources come, whatever else comes and goes", () => {
    const others = ["tap+1", "a=b", "wg0", "br-lan"].map((link, at) => ({
      name: link,
      addresses: [`10.9${at}.0.1/24`],
    }));
    const seen = { ...ours, links: [...ours.links, ...others] };
    assert.deepEqual(tables.drift(wish, seen), []);
    assert.deepEqual(tables.warnings(wish, seen), tables.warnings(wish, ours));
  });

  it("lets a source on a link in by that link alone, and a part by the links of all peers", () => {
    const second = { name: "eth1", addresses: ["10.8.0.1/24"] };
    const ways = new Map([...fresh.ways, ["10.8.0.9", { isOwn: false, interface: "eth1" }]]);
    const seen = { ...fresh, links: [...fresh.links, second], ways };
    const sources = ["10.8.0.9/32", ...wish.sources];
    const accepts = linesOf({ ...wish, sources }, seen).filter(
      (line) => line.startsWith("-A DOCKROUTE") && line.endsWith("ACCEPT"),
    );
    const [eth0 = "", part = ""] = wish.sources;
    const expected = [
      ["10.8.0.9/32", "eth1"],
      [eth0, "eth0"],
      [part, "eth0"],
      [part, "eth1"],
    ];
    assert.deepEqual(
      accepts.slice(0, accepts.length / 2),
      expected.map(([from, link]) => `-A ${chain} -s ${from} -i ${link} -j ACCEPT`),
    );
  });

  it("lets nobody in by a link that no rule can name, and warns", () => {
    const ways = new Map([...fresh.ways].map(([address, way]) => [address, { ...way, interface: "e=0" }]));
    assert.match(tables.warnings(wish, { ...fresh, ways }).join(), /cannot be let into 172\.30\.16\.0\/20/);
    assert.ok(!linesOf(wish, { ...fresh, ways }).some((line) => line.includes("e=0")));
  });

  const wide = ["-i", "eth0", "-j", "ACCEPT"];
  const drifts: readonly (readonly [
    what: string,
    seen: ForwardRuleSeen,
    words: readonly string[],
    sources: readonly string[],
  ])[] = [
    [
      "a source less",
      withChain(
        ours,
        chain,
        (ours.filter.chains.get(chain) ?? []).filter((rule) => rule[1] !== wish.sources[0]),
      ),
      [`filter chain ${chain}: changed`],
      wish.sources.slice(1),
    ],
    ["open to everybody", withChain(ours, chain, [wide]), [`filter chain ${chain}: changed`], ["0.0.0.0/0"]],
    [
      "no jump",
      withChain(ours, "DOCKER-USER", []),
      [`filter DOCKER-USER jump to ${chain}: absent`],
      wish.sources,
    ],
    [
      "nothing in raw",
      { ...ours, raw: { policies: new Map(), chains: new Map() } },
      [`raw chain ${chain}: absent`, `raw PREROUTING jump to ${chain}: absent`],
      wish.sources,
    ],
  ];
  for (const [what, seen, words, sources] of drifts) {
    it(`names drift: ${what}`, () => {
      assert.deepEqual(tables.drift(wish, seen), words);
      assert.deepEqual(forwardRule.observed(wish, seen), { sources });
      assert.deepEqual(
        tables.steps(wish, seen).map(({ argv }) => argv),
        [["sh"]],
      );
    });
  }

  it("removes its script, its jumps and chains and the chain of Docker's name that it made, and nothing else", () => {
    const away = (table: string, from: string) =>
      `iptables -w -t ${table} -D ${from} -d 172.30.16.0/20 -m comment --comment dockroute -j ${chain}  # remove the jump from ${from} in ${table}`;
    const gone = (table: string, of: string, why: string) =>
      ["-F", "-X"].map((verb) => `iptables -w -t ${table} ${verb} ${of}  # remove the chain ${of}${why}`);
    const words = inWords(tables.undo(wish, ours));
    // The script first: the repair would load it again.
    assert.equal(words[0], `rm -f ${script}  # remove ${script}`);
    assert.deepEqual(
      words.filter((line) => line.startsWith("iptables")),
      [
        away("filter", "DOCKER-USER"),
        away("raw", "PREROUTING"),
        ...gone("filter", chain, " in filter"),
        ...gone("raw", chain, " in raw"),
        ...gone("filter", "DOCKER-INTERNAL", ", which nothing leads to"),
      ],
    );
  });

  it("leaves what a successor has taken over", () => {
    const files = new Map(
      [...ours.scripts.files].map(([path, text]) => [
        path,
        text.replace(`${image}/forward`, "another/forward"),
      ]),
    );
    assert.deepEqual(tables.undo(wish, { ...ours, scripts: { ...ours.scripts, files } }), []);
  });

  it("is refused if another stack holds the range on this host", () => {
    const theirs = asMade({ ...wish, stack: "mesh/one" }, fresh);
    const seen = withChain(theirs, chain, [wide]);
    assert.match(
      tables.refusals({ ...wish, stack: "mesh/two" }, seen).join(),
      /of the stack mesh\/one holds this/,
    );
    assert.deepEqual(tables.undo({ ...wish, stack: "mesh/two" }, seen), []);
  });

  it("removes what dockroute 0.1.0 left once the new things stand, and at once on a destroy", () => {
    for (const which of ["forward", "ports"] as const) {
      const there = moment(image, "ours").wishes[which];
      const former = which === "ports" ? "DR-172.30.16.7_32-3155" : "DOCKROUTE-172.30.16.0_20";
      const file = which === "ports" ? "forward-172.30.16.7_32-3155" : "forward-172.30.16.0_20";
      const jump = ["-d", there.destination, "-m", "comment", "--comment", "dockroute", "-j", former];
      const accept = there.sources.map((from) => ["-s", from, "-i", "eth0", "-j", "ACCEPT"]);
      const path = `/etc/dockroute/parts/${file}`;
      const old = {
        ...withChain(withChain(fresh, former, accept), "DOCKER-USER", [jump]),
        raw: {
          ...fresh.raw,
          chains: new Map([
            ["PREROUTING", [jump]],
            [former, accept],
          ]),
        },
        scripts: { ...fresh.scripts, files: new Map([[path, `#!/bin/sh\n# dockroute ${image}/forward\n`]]) },
      };
      assert.deepEqual(forwardRule.observed(there, old), { sources: there.sources });
      const steps = inWords(tables.steps(there, old));
      const at = (part: string) => steps.findIndex((line) => line.includes(part));
      assert.ok(at("sh  # let") === 0 && at(`-t raw -D PREROUTING`) > 0);
      assert.ok(at(`-t filter -X ${former}`) > at(`-t filter -D DOCKER-USER`));
      assert.ok(at(path) > at("/etc/dockroute/scripts/10-forward-"));
      const undone = inWords(tables.undo(there, old)).join("\n");
      for (const part of [`-t raw -X ${former}`, `-t filter -X ${former}`, path])
        assert.ok(undone.includes(part), part);
    }
  });

  it("warns before it closes what FORWARD at ACCEPT let in, and tells how to keep it", () => {
    const { filter } = seenBy(forwardRule, wish, "docker26", "fresh");
    const open = {
      ...fresh,
      filter: { ...filter, policies: new Map([...filter.policies, ["FORWARD", "ACCEPT"]]) },
    };
    const words =
      /the policy of FORWARD is ACCEPT.*`iptables -I DOCKER-USER -s ITS-RANGE -d 172\.30\.16\.0\/20 -j ACCEPT`/;
    assert.match(tables.warnings(wish, open).join(), words);
    for (const seen of [
      { ...open, filter },
      withChain(open, "FORWARD", [["-j", "DOCKER-USER"], lastRule(wish)]),
      // Docker 28 has a rule of its own for each bridge.
      withChain(open, "DOCKER", [["!", "-i", "docker0", "-o", "docker0", "-j", "DROP"]]),
      { ...open, file: { ...fresh.file, text: '{"iptables": false}' } },
    ])
      assert.doesNotMatch(tables.warnings(wish, seen).join(), words);
  });

  it("has no guard if Docker makes no rules", () => {
    const seen = { ...fresh, file: { ...fresh.file, text: '{"iptables": false}' } };
    assert.ok(
      linesOf(wish).some((line) => line.includes("ip saddr != 172.30.16.0/20 ip daddr 172.30.16.0/20")),
    );
    assert.ok(!linesOf(wish, seen).some((line) => line.endsWith(" drop")));
    const open = ["*filter", ":FORWARD ACCEPT [0:0]", "-A FORWARD -j DOCKER-USER", "COMMIT"];
    const ofForward = (lines: readonly string[]) =>
      restoredBy(lines.join("\n"), open).filter((line) => line.includes(" FORWARD "));
    assert.deepEqual(ofForward(linesOf(wish)), [`-A FORWARD ${lastRule(wish).join(" ")}`]);
    assert.deepEqual(ofForward(linesOf(wish, seen)), []);
  });

  it("does not take a routed network's ports for lost", () => {
    const published = [{ name: "routed", port: 8443, protocol: "tcp" }];
    const networks = (mode: "nat" | "routed") =>
      (fresh.dockerNetworks ?? []).map((each) => ({
        ...each,
        containers: 1,
        gatewayMode: { ipv4: mode, ipv6: mode },
      }));
    const warned = (mode: "nat" | "routed") =>
      tables.warnings(wish, { ...fresh, published, dockerNetworks: networks(mode) }).join();
    assert.match(warned("nat"), /8443 of routed/);
    assert.doesNotMatch(warned("routed"), /8443 of routed/);
  });

  const notPorts = ["tcp/0", "tcp/65536", "tcp/0443", "tcp/5:5", "udp/9:1", "443", "gre", "icmp/8"];
  for (const text of notPorts) {
    it(`refuses the port ${text}`, () => {
      assert.deepEqual(forwardRule.check({ ...wish, ports: [text] }), {
        faults: [
          {
            property: "ports[0]",
            reason: `"${text}" is not a port: "tcp/443", "udp/8000:8010" or "icmp", with numbers from 1 to 65535`,
          },
        ],
      });
    });
  }

  it("refuses everybody, as a source and as a destination", () => {
    const everybody = "must be smaller than 0.0.0.0/0, which is everybody: name the peers' ranges";
    assert.deepEqual(forwardRule.check({ ...wish, destination: "0.0.0.0/0", sources: ["0.0.0.0/0"] }), {
      faults: [
        { property: "destination", reason: `destination ${everybody}` },
        { property: "sources[0]", reason: `a source ${everybody}` },
      ],
    });
  });

  it("takes an address for its /32, and everything once, in order", () => {
    const raw = {
      ...wish,
      sources: ["192.168.1.2", "10.0.0.0/8", "192.168.1.2/32"],
      ports: ["udp/53", "icmp"],
    };
    assert.deepEqual(forwardRule.check(raw), {
      inputs: { ...wish, sources: ["10.0.0.0/8", "192.168.1.2/32"], ports: ["icmp", "udp/53"] },
    });
  });
});
