/**
 * What Docker's iptables backend leaves behind when a host goes over to the nftables one: FORWARD at DROP, and a
 * jump to DOCKER-USER that leads on to nothing of Docker's. Until the next boot nothing is forwarded then. For our
 * part, and for that alone, the kernel is told what Docker itself told it before: out, back in, published ports.
 * It is no part of what is loaded at boot, because after a boot it is gone by itself.
 */
import type { Command } from "../../engine/command.js";
import * as iptables from "../../facts/iptables.js";
import { nicNames } from "../host/network.js";
import type { Filters } from "./chains.js";

function isThere(seen: Filters): boolean {
  const forward = seen.filter.chains.get("FORWARD") ?? [];
  const jump = forward.some((rule) => iptables.sameRule(rule, ["-j", "DOCKER-USER"]));
  return seen.nftBackend && seen.filter.policies.get("FORWARD") === "DROP" && jump;
}

function rulesOf(range: string, seen: Filters): readonly iptables.Rule[] {
  const accept = ["-m", "comment", "--comment", "dockroute", "-j", "ACCEPT"];
  return [
    ...nicNames(seen).map((name) => ["-s", range, "-o", name, ...accept]),
    ["-d", range, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", ...accept],
    ["-d", range, "-m", "conntrack", "--ctstate", "DNAT", ...accept],
  ];
}

export function amiss(range: string, seen: Filters): readonly string[] {
  return steps(range, seen).length === 0
    ? []
    : ["FORWARD policy: DROP, left behind by Docker's iptables backend"];
}

export function steps(range: string, seen: Filters): readonly Command[] {
  if (!isThere(seen)) return [];
  return rulesOf(range, seen)
    .filter((rule) => !iptables.hasRule(seen.filter, "FORWARD", rule))
    .map((rule) => ({
      why: `let ${range} out and back in, past the FORWARD DROP of Docker's old backend`,
      argv: ["iptables", "-w", "-I", "FORWARD", "1", ...rule],
    }));
}

export function undo(range: string, seen: Filters): readonly Command[] {
  return rulesOf(range, seen)
    .filter((rule) => iptables.hasRule(seen.filter, "FORWARD", rule))
    .map((rule) =>
      iptables.deleteRule("filter", "FORWARD", rule, `remove what let ${range} past the FORWARD DROP`),
    );
}

/** The other way round: rules of the nftables backend that no Docker knows of any more go on dropping. */
export function notices(seen: Filters & { readonly dockersTable: boolean }): readonly string[] {
  if (!seen.dockersTable || seen.nftBackend) return [];
  return [
    "the nft table docker-bridges is left behind by Docker's nftables backend and goes on filtering: run " +
      "`nft delete table ip docker-bridges; nft delete table ip6 docker-bridges` there, or reboot it",
  ];
}
