/**
 * The rules that Docker's iptables backend leaves when a host changes to the nftables backend: FORWARD at DROP, and a
 * jump to DOCKER-USER that leads to no rule of Docker's. Until the next boot the host then forwards nothing. For our
 * range alone, the kernel gets the rules that Docker gave it before: out, back in, published ports. No script loads
 * them at boot, because after a boot the leftovers are gone by themselves.
 */
import { type Claims, ifThere } from "../../engine/claim.js";
import * as iptables from "../../facts/iptables.js";
import type { Filters } from "./chains.js";

function isLeft(seen: Filters): boolean {
  const forward = seen.filter.chains.get("FORWARD") ?? [];
  const jump = forward.some((rule) => iptables.sameRule(rule, ["-j", "DOCKER-USER"]));
  return seen.nftBackend && seen.filter.policies.get("FORWARD") === "DROP" && jump;
}

const accept = ["-m", "comment", "--comment", "dockroute", "-j", "ACCEPT"] as const;

/** "br-+" stands for every name that begins so. A bridge of another name counts once Docker reports it. */
function rulesOf(range: string, { dockerNetworks = [] }: Filters): readonly iptables.Rule[] {
  const named = dockerNetworks.flatMap(({ bridge }) =>
    bridge === undefined || bridge === "docker0" || bridge.startsWith("br-") ? [] : [bridge],
  );
  const state = (name: string) => ["-m", "conntrack", "--ctstate", name];
  return [
    ...["docker0", "br-+", ...named.sort()].map((name) => ["-s", range, "-i", name, ...accept]),
    ["-d", range, ...state("RELATED,ESTABLISHED"), ...accept],
    ["-d", range, ...state("DNAT"), ...accept],
  ];
}

/** While Docker's rules are left it is wanted. Afterwards it goes with the rest. */
export function staleClaims(range: string, seen: Filters): Claims {
  const missing = rulesOf(range, seen).filter((rule) => !iptables.hasRule(seen.filter, "FORWARD", rule));
  const remove = ours(range, seen).map((rule) =>
    iptables.deleteRule("filter", "FORWARD", rule, `remove what let ${range} past the FORWARD DROP`),
  );
  const what = "FORWARD policy";
  if (!isLeft(seen)) return ifThere(what, remove);
  const why = `let ${range} out and back in, past the FORWARD DROP of Docker's old backend`;
  return [
    {
      what,
      is: missing.length === 0 ? "so" : remove.length > 0 ? "changed" : "absent",
      found: "DROP, left behind by Docker's iptables backend",
      make: missing.map((rule) => iptables.prependRule("FORWARD", rule, why)),
      remove,
    },
  ];
}

/** The rules of this range in FORWARD with our comment, also those of networks and links that are gone. */
function ours(range: string, { filter }: Filters): readonly iptables.Rule[] {
  return (filter.chains.get("FORWARD") ?? []).filter(
    ([side, about, ...rest]) =>
      (side === "-s" || side === "-d") &&
      about === range &&
      iptables.sameRule(rest.slice(-accept.length), accept),
  );
}

/** The other way round: nothing removes the rules of the nftables backend, and they go on dropping. */
export function staleTable(seen: Filters & { readonly dockersTable: boolean }): readonly string[] {
  if (!seen.dockersTable || seen.nftBackend) return [];
  return [
    "the nft table docker-bridges is left behind by Docker's nftables backend and goes on filtering: run " +
      "`nft delete table ip docker-bridges; nft delete table ip6 docker-bridges` there, or reboot it",
  ];
}
