/**
 * Docker's rules for published ports. A flush of the firewall, or old rules restored, takes them away, and only
 * a start of dockerd brings them back. That is Docker's own, and its restart stops containers: not repaired
 * behind anybody's back, but named.
 */
import * as json from "../../facts/daemon-json.js";
import type { Published } from "../../facts/docker.js";
import type { Rule, TableSeen } from "../../facts/iptables.js";

export interface Seen {
  readonly published: readonly Published[];
  readonly nat: TableSeen;
  readonly nftBackend: boolean;
  /** Whether Docker's own nft table is there, where its rules are in nftables. */
  readonly dockersTable: boolean;
  readonly file: json.DaemonJson;
}

/** "8080 of box" for each port whose rule is gone. */
function lostPorts(seen: Seen): readonly string[] {
  // Docker was told to make none.
  if (json.valuesOf(seen.file)["iptables"] === false) return [];
  const rules = [...seen.nat.chains.values()].flat().filter((rule) => rule.includes("DNAT"));
  const has = ({ port, protocol }: Published): boolean =>
    rules.some((rule) => after(rule, "-p") === protocol && after(rule, "--dport") === String(port));
  return seen.published
    .filter((each) => (seen.nftBackend ? !seen.dockersTable : !has(each)))
    .map(({ name, port }) => `${port} of ${name}`);
}

const after = (rule: Rule, word: string): string | undefined =>
  rule.includes(word) ? rule[rule.indexOf(word) + 1] : undefined;

export function notices(seen: Seen): readonly string[] {
  const ports = lostPorts(seen);
  if (ports.length === 0) return [];
  return [
    `Docker's rules for published ports are gone (${ports.join(", ")}), because something has emptied or replaced ` +
      "the firewall's rules since Docker started: run `systemctl restart docker` there (its containers stop for it)",
  ];
}
