/** Rules of other programs in iptables' nat table that change the source address between the hosts' subnets. */
import type { Rule, TableSeen } from "../../facts/iptables.js";
import { overlap, type Wanted } from "./chain.js";

/**
 * A MASQUERADE or SNAT that names no interface also matches what comes in for a container from a peer, and gives it
 * the bridge's address on its last step. Our chain does not decide on that: it is about what leaves the source.
 */
export function masquerading(wanted: Wanted, nat: TableSeen): readonly string[] {
  return (nat.chains.get("POSTROUTING") ?? [])
    .filter((rule) => ["MASQUERADE", "SNAT"].includes(after(rule, "-j") ?? ""))
    .filter((rule) => !rule.includes("-o"))
    .filter((rule) => {
      const from = after(rule, "-s");
      return from === undefined || wanted.exclude.some((range) => overlap(range, from));
    })
    .map((rule) => `iptables -t nat: -A POSTROUTING ${rule.join(" ")}`);
}

function after(rule: Rule, word: string): string | undefined {
  return rule.includes(word) ? rule[rule.indexOf(word) + 1] : undefined;
}
