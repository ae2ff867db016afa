import assert from "node:assert/strict";
import { type ForwardRuleSeen, forwardRule } from "../../../provider/resources/forward/index.js";
import { images, inWords, moment, seenBy } from "../../support/recorded.js";

const image = "docker28";
const { forward: wish } = moment(image, "ours").wishes;
const fresh = seenBy(forwardRule, wish, image, "fresh");
const ours = seenBy(forwardRule, wish, image, "ours");
const chain = "DOCKROUTE-172.30.16.0_20";
const part = "/etc/dockroute/parts/forward-172.30.16.0_20";

function withChain(
  seen: ForwardRuleSeen,
  name: string,
  rules: readonly (readonly string[])[],
): ForwardRuleSeen {
  return { ...seen, filter: { ...seen.filter, chains: new Map([...seen.filter.chains, [name, rules]]) } };
}

describe("a forward rule", () => {
  for (const each of images) {
    for (const name of ["forward", "ports"] as const) {
      const there = moment(each, "ours").wishes[name];
      it(`is so already on ${each}, ${name}`, () => {
        const seen = seenBy(forwardRule, there, each, "ours");
        assert.deepEqual(forwardRule.steps(there, seen), []);
        assert.deepEqual(forwardRule.drift(there, seen), []);
        assert.deepEqual(forwardRule.observed(there, seen), { sources: there.sources });
      });

      it(`tells of published ports whose rules are gone from ${each}, ${name}`, () => {
        const seen = seenBy(forwardRule, there, each, "ours");
        const said = (now: ForwardRuleSeen) => (forwardRule.notices?.(there, now, {}) ?? []).join("\n");
        assert.doesNotMatch(said(seen), /published ports are gone/);
        const emptied = { ...seen, nat: { ...seen.nat, chains: new Map() }, dockersTable: false };
        assert.match(said(emptied), /published ports are gone \(8080 of web\)/);
      });

      it(`is gone from ${each} before and after, ${name}`, () => {
        for (const when of ["fresh", "undone"] as const) {
          const seen = seenBy(forwardRule, there, each, when);
          assert.ok(forwardRule.gone(there, seen));
          assert.deepEqual(forwardRule.undo(there, seen), []);
          assert.deepEqual(forwardRule.objections(there, seen), []);
        }
      });
    }
  }

  it("makes a chain in two tables and jumps to it, from where Docker lets its users in", () => {
    const [load] = forwardRule.steps(wish, fresh);
    assert.equal(load?.why, `let ${wish.sources.join(", ")} into 172.30.16.0/20`);
    const jump = `-d 172.30.16.0/20 -m comment --comment dockroute -j ${chain}`;
    const filled = [
      `:${chain} - [0:0]`,
      ...wish.sources.map((from) => `-A ${chain} -s ${from} -i eth0 -j ACCEPT`),
      "COMMIT",
    ];
    assert.deepEqual(load?.stdin?.split("\n").slice(5, 20), [
      "iptables -w -t filter -N DOCKER-USER 2>/dev/null || :",
      "iptables-restore -w --noflush <<'DOCKROUTE'",
      ...["*raw", ...filled, "*filter", ...filled, "DOCKROUTE"],
      `iptables -w -t raw -C PREROUTING ${jump} >/dev/null 2>&1 || iptables -w -t raw -I PREROUTING 1 ${jump}`,
      `iptables -w -t filter -C DOCKER-USER ${jump} >/dev/null 2>&1 || iptables -w -t filter -I DOCKER-USER 1 ${jump}`,
    ]);
  });

  it("opens nothing where nobody may enter", () => {
    const [load] = forwardRule.steps({ ...wish, sources: [] }, fresh);
    assert.ok(!load?.stdin?.includes("ACCEPT"));
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
      withChain(ours, chain, (ours.filter.chains.get(chain) ?? []).slice(1)),
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
      [`raw PREROUTING jump to ${chain}: absent`, `raw chain ${chain}: absent`],
      wish.sources,
    ],
  ];
  for (const [what, seen, words, sources] of drifts) {
    it(`tells drift in words: ${what}`, () => {
      assert.deepEqual(forwardRule.drift(wish, seen), words);
      assert.deepEqual(forwardRule.observed(wish, seen), { sources });
      assert.deepEqual(
        forwardRule.steps(wish, seen).map(({ argv }) => argv),
        [["sh"]],
      );
    });
  }

  it("takes away its jumps, its chains and its part, and nothing else", () => {
    const away = (table: string, from: string) => [
      `iptables -w -t ${table} -D ${from} -d 172.30.16.0/20 -m comment --comment dockroute -j ${chain}  # remove the jump from ${from} in ${table}`,
      `iptables -w -t ${table} -F ${chain}  # remove the chain ${chain} in ${table}`,
      `iptables -w -t ${table} -X ${chain}  # remove the chain ${chain} in ${table}`,
    ];
    // The part first: what repairs the host would load it again.
    assert.deepEqual(inWords(forwardRule.undo(wish, ours)), [
      `rm -f ${part}  # remove ${part}`,
      ...away("raw", "PREROUTING"),
      ...away("filter", "DOCKER-USER"),
    ]);
  });

  it("leaves what a successor has taken over", () => {
    const text = (ours.parts.files.get(part) ?? "").replace(`${image}/forward`, "another/forward");
    const files = new Map([...ours.parts.files, [part, text] as const]);
    assert.deepEqual(forwardRule.undo(wish, { ...ours, parts: { ...ours.parts, files } }), []);
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
