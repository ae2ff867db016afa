/**
 * The UDP port of a link in the host's own firewall. Each base chain of nft must accept a packet, so an own table would not
 * open what ufw drops: it is a chain of iptables, reached by the first rule of INPUT, and for firewalld a policy of its own.
 *
 * A VXLAN's port is closed to everybody else by the same chain, and its packets are kept from conntrack: NAT of their port
 * spoils a checksum that the card computes, and TCP inside the link dies while ping goes on.
 */
import { type Claim, type Claims, ifThere, outdated, state } from "../../engine/claim.js";
import type { Command, ShellText } from "../../engine/command.js";
import * as firewalld from "../../facts/firewalld.js";
import * as iptables from "../../facts/iptables.js";
import { load } from "../../facts/iptables-load.js";
import type { HostLinkSeen } from "./facts.js";
import { deviceOf, type HostLinkInputs, portOf } from "./inputs.js";

export function chainOf(wanted: HostLinkInputs): string {
  return `DOCKROUTE-IN-${deviceOf(wanted)}`;
}

function toPort(wanted: HostLinkInputs): iptables.Rule {
  return ["-p", "udp", "-m", "udp", "--dport", String(portOf(wanted))];
}

const comment = ["-m", "comment", "--comment", "dockroute"] as const;

function jumpOf(wanted: HostLinkInputs): iptables.Rule {
  return [...toPort(wanted), ...comment, "-j", chainOf(wanted)];
}

function untracked(wanted: HostLinkInputs): iptables.Rule {
  return [...toPort(wanted), ...comment, "-j", "CT", "--notrack"];
}

function rulesOf(wanted: HostLinkInputs): readonly iptables.Rule[] {
  const from = wanted.sources.length === 0 ? [[]] : wanted.sources.map((source) => ["-s", source]);
  return [
    ...from.map((words) => [...words, ...toPort(wanted), "-j", "ACCEPT"]),
    ...(wanted.kind === "vxlan" ? [[...toPort(wanted), "-j", "DROP"]] : []),
  ];
}

export function openingLines(wanted: HostLinkInputs): readonly ShellText[] {
  const [table, chain] = ["filter", chainOf(wanted)] as const;
  return [
    load({
      chains: [{ table, chain, rules: rulesOf(wanted) }],
      jumps: [
        { table, from: "INPUT", rule: jumpOf(wanted) },
        ...(wanted.kind === "vxlan"
          ? [{ table: "raw", from: "OUTPUT", rule: untracked(wanted) } as const]
          : []),
      ],
    }),
  ];
}

export function openingClaims(wanted: HostLinkInputs, seen: HostLinkSeen, make: readonly Command[]): Claims {
  const chain = chainOf(wanted);
  const has = iptables.hasChain(seen.filter, chain, rulesOf(wanted));
  return [
    {
      what: `filter chain ${chain}`,
      is: state(has, seen.filter.chains.has(chain)),
      make,
      remove: iptables.deleteChain("filter", chain, `remove the chain ${chain}`),
    },
    ruleClaim("filter", "INPUT", jumpOf(wanted), seen, make),
    ...(wanted.kind === "vxlan" ? [ruleClaim("raw", "OUTPUT", untracked(wanted), seen, make)] : []),
    ...ofFormerPort(wanted, seen),
  ];
}

function ruleClaim(
  table: "filter" | "raw",
  chain: string,
  rule: iptables.Rule,
  seen: HostLinkSeen,
  make: readonly Command[],
): Claim {
  const what = `${table} ${chain} rule ${rule.slice(-2).join(" ")}`;
  const remove = [iptables.deleteRule(table, chain, rule, `remove the ${what}`)];
  return { what, is: iptables.hasRule(seen[table], chain, rule) ? "so" : "absent", make, remove };
}

/** The rules for the port that the link had before. */
function ofFormerPort(wanted: HostLinkInputs, { filter, raw }: HostLinkSeen): Claims {
  const isOther = (own: iptables.Rule) => (rule: iptables.Rule) =>
    iptables.sameRule(rule.slice(6), own.slice(6)) && !iptables.sameRule(rule, own);
  const jumps = (filter.chains.get("INPUT") ?? []).filter(isOther(jumpOf(wanted)));
  const others =
    wanted.kind === "vxlan" ? (raw.chains.get("OUTPUT") ?? []).filter(isOther(untracked(wanted))) : [];
  const why = "close the port that the link had before";
  return outdated("rules for another port", [
    ...jumps.map((rule) => iptables.deleteRule("filter", "INPUT", rule, why)),
    ...others.map((rule) => iptables.deleteRule("raw", "OUTPUT", rule, why)),
  ]).map((claim) => ({ ...claim, found: "of another port" }));
}

export function policyClaims(wanted: HostLinkInputs, seen: HostLinkSeen): Claims {
  // firewalld's names end at 17 characters.
  const policy = {
    name: `dockroute-${deviceOf(wanted)}`,
    sources: wanted.sources,
    ports: [`udp/${portOf(wanted)}`],
  };
  const why = `open the port of ${deviceOf(wanted)} in firewalld`;
  const reload = seen.firewalld.active ? firewalld.reload(why) : [];
  const is = firewalld.stateOf(policy, seen.firewalld);
  const what = `firewalld policy ${policy.name}`;
  const remove = [firewalld.remove(policy), ...reload];
  if (!seen.firewalld.active) return ifThere(what, is === undefined ? [] : remove);
  return [{ what, is: is ?? "absent", make: [...firewalld.write(policy, why), ...reload], remove }];
}
