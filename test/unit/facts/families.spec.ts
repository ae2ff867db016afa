import assert from "node:assert/strict";
import * as forwarding from "../../../provider/facts/forwarding.js";
import * as ipRules from "../../../provider/facts/ip-rules.js";
import * as ip from "../../../provider/facts/iproute.js";
import * as iptables from "../../../provider/facts/iptables.js";
import { load } from "../../../provider/facts/iptables-load.js";
import * as nft from "../../../provider/facts/nft.js";
import * as reversePath from "../../../provider/facts/reverse-path.js";
import { parseRange, printRange } from "../../../provider/plan/cidr.js";
import { type Family, v4, v6 } from "../../../provider/plan/family.js";
import { readFrom, said } from "../../support/recorded.js";

/** The IPv4 words, each with its IPv6 twin. */
const twins = [
  ["iptables", "ip6tables"],
  ["/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding"],
  ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"],
  ["/proc/sys/net/ipv4", "/proc/sys/net/ipv6"],
  [" -4 ", " -6 "],
  [" ip dockroute", " ip6 dockroute"],
  ["IPv4", "IPv6"],
] as const;

const rule = ["-j", "C"];
const commands: Readonly<Record<string, (family: Family) => unknown>> = {
  "the addresses": (family) => ip.linksOf(family).ask({}),
  "the routes": (family) => ip.routesOf(family).ask({}),
  "a link's addresses": (family) => ip.setAddresses("docker0", [], family),
  "the policy rules": (family) => ipRules.policyOf(family).ask({}),
  "strict links": (family) => reversePath.strictLinks(family).ask({}),
  "whether it forwards": (family) => forwarding.isOn(family),
  "that it forwards": (family) => forwarding.turnOn(family),
  "that it goes on forwarding": (family) => forwarding.keepOn(["true"], family),
  "the rules of a table": (family) => iptables.rulesOf("raw", family).ask({}),
  "the rules of a table that cost": (family) => iptables.costlyRulesOf("nat", family).ask({}),
  "what a script loads": (family) => load({ chains: [], jumps: [] }, family),
  "a rule at the top": (family) => iptables.prependRule("FORWARD", rule, "why", family),
  "a deleted rule": (family) => iptables.deleteRule("raw", "PREROUTING", rule, "why", family),
  "a deleted chain": (family) => iptables.deleteChain("raw", "C", "why", family),
  "our nft table": (family) => nft.chainsOf(family).ask({}),
  "nft chains": (family) => nft.load([{ name: "c", at: "forward", rules: [] }], family),
};

/** As a person would read it, with a space around each word. */
const words = (value: unknown) =>
  ` ${JSON.stringify(value, (key, each) => (key === "quick" ? undefined : each)).replaceAll('","', " ")} `;

describe("the words of a family", () => {
  for (const [what, make] of Object.entries(commands)) {
    it(`are all that IPv6 changes where dockroute asks for or makes ${what}`, () => {
      const wanted = twins.reduce((text, [four, six]) => text.replaceAll(four, six), words(make(v4)));
      assert.notEqual(words(make(v6)), words(make(v4)));
      assert.equal(words(make(v6)), wanted);
    });
  }

  it("come from the address where one is asked for", () => {
    assert.deepEqual(ip.wayQuestion("fd00::1").argv, ["ip", "-j", "-6", "route", "get", "fd00::1"]);
    assert.deepEqual(ip.wayQuestion("10.0.0.1").argv, ["ip", "-j", "-4", "route", "get", "10.0.0.1"]);
  });

  for (const family of [v4, v6]) {
    it(`tell what ${family.name} counts as everything`, () => {
      const parsed = parseRange(family.everything);
      assert.ok("value" in parsed);
      assert.deepEqual([parsed.value.family, parsed.value.prefix], [family, 0]);
      const lines = "0:\tfrom all lookup local\n5270:\tfrom all lookup 52\ntable 52 default dev vpn0\n";
      const { routes } = readFrom(ipRules.policyOf(family), said(lines));
      assert.deepEqual(
        routes.map(({ range }) => printRange(range)),
        [family.everything],
      );
    });
  }
});
