import assert from "node:assert/strict";
import { policy } from "../../../provider/facts/ip-rules.js";
import { parseRange, type Range } from "../../../provider/plan/cidr.js";
import { diversion } from "../../../provider/resources/host/policy.js";
import { readFrom, said } from "../../support/recorded.js";

function range(text: string): Range {
  const parsed = parseRange(text);
  return "value" in parsed ? parsed.value : assert.fail(parsed.reason);
}

/** The rules that every host has, with these lines among them. */
const host = (...lines: readonly string[]) =>
  readFrom(
    policy,
    said(
      [
        "0:\tfrom all lookup local",
        ...lines,
        "32766:\tfrom all lookup main",
        "32767:\tfrom all lookup default",
      ].join("\n"),
    ),
  );

const flow = {
  to: range("172.30.2.0/24"),
  from: [range("172.30.1.0/24")],
  comesBy: (link: string) => link === "docker0",
  gateway: "192.168.1.2",
};

const vpn = "table 52 172.30.0.0/16 dev vpn0 scope link";
const byVpn = (rule: string, way = "172.30.0.0/16 dev vpn0 scope link") =>
  `the policy rule 5270 ("${rule}") comes before the main table, and table 52 has "${way}"`;

const cases: readonly (readonly [what: string, lines: readonly string[], found: string | undefined])[] = [
  ["no rule of anybody's", [], undefined],
  ["a table with the pool", ["5270:\tfrom all lookup 52", vpn], byVpn("from all lookup 52")],
  [
    "a table with something else",
    ["5270:\tfrom all lookup 52", "table 52 192.168.77.0/24 dev vpn0"],
    undefined,
  ],
  ["an empty table", ["5270:\tfrom all lookup 52"], undefined],
  [
    "a part of the peer's range",
    ["5270:\tfrom all lookup 52", "table 52 172.30.2.128/25 dev vpn0"],
    byVpn("from all lookup 52", "172.30.2.128/25 dev vpn0"),
  ],
  ["a throw in it", ["5270:\tfrom all lookup 52", vpn, "table 52 throw 172.30.2.0/24"], undefined],
  [
    "the peer itself in it",
    ["5270:\tfrom all lookup 52", "table 52 172.30.2.0/24 via 192.168.1.2 dev eth0"],
    undefined,
  ],
  [
    "a rule before it that leads to main",
    ["5269:\tfrom all to 172.30.2.0/24 lookup main", "5270:\tfrom all lookup 52", vpn],
    undefined,
  ],
  ["a rule for another source", ["5270:\tfrom 192.168.1.5 lookup 52", vpn], undefined],
  [
    "a rule for the containers",
    ["5270:\tfrom 172.30.0.0/16 lookup 52", vpn],
    byVpn("from 172.30.0.0/16 lookup 52"),
  ],
  ["a rule for another link", ["5270:\tfrom all iif eth1 lookup 52", vpn], undefined],
  [
    "a rule for docker0",
    ["5270:\tfrom all iif docker0 lookup 52", vpn],
    byVpn("from all iif docker0 lookup 52"),
  ],
  ["a rule for a mark", ["5270:\tfrom all fwmark 0x80000/0xff0000 lookup 52", vpn], undefined],
  [
    "a rule for all but a mark",
    ["5270:\tnot from all fwmark 0xca6c lookup 52", "table 52 default dev wg0 scope link"],
    byVpn("not from all fwmark 0xca6c lookup 52", "default dev wg0 scope link"),
  ],
  [
    "WireGuard's own pair of rules, which asks main first for all but its default route",
    [
      "5200:\tfrom all lookup main suppress_prefixlength 0",
      "5270:\tnot from all fwmark 0xca6c lookup 52",
      "table 52 default dev wg0 scope link",
    ],
    undefined,
  ],
  [
    "a rule that refuses",
    ["5270:\tfrom all to 172.30.0.0/16 blackhole"],
    'the policy rule 5270 ("from all to 172.30.0.0/16 blackhole") comes before the main table',
  ],
];

describe("the kernel's way for packets of containers", () => {
  for (const [what, lines, found] of cases) {
    it(`with ${what}: ${found === undefined ? "by the main table" : "elsewhere"}`, () =>
      assert.equal(diversion(host(...lines), flow), found));
  }

  it("is that of the main table where the rules cannot be read", () =>
    assert.equal(diversion(readFrom(policy, said("", 127)), flow), undefined));
});
