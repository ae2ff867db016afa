/**
 * Docker's rules for published ports. A flush of the firewall, or old rules restored, removes them, and only a start of
 * dockerd brings them back. That is Docker's own matter, and its restart stops containers: so it is not repaired, but
 * a person is told.
 */
import type { Published } from "../../facts/docker.js";
import type { DockerNetwork } from "../../facts/docker-networks.js";
import type { Rule, TableSeen } from "../../facts/iptables.js";

export interface PublishedSeen {
  readonly published: readonly Published[];
  readonly nat: TableSeen;
  readonly nftBackend: boolean;
  /** Docker makes rules at all. */
  readonly dockerFilters: boolean;
  /** Whether Docker's own nft table is there, if its rules are in nftables. */
  readonly dockersTable: boolean;
  readonly dockerNetworks: readonly DockerNetwork[] | undefined;
}

/** "8080 of box" for each port whose rule is gone. */
function lostPorts(seen: PublishedSeen): readonly string[] {
  const rules = [...seen.nat.chains.values()].flat();
  const has = ({ port, protocol }: Published): boolean =>
    rules.some(
      (rule) =>
        rule.includes("DNAT") && after(rule, "-p") === protocol && after(rule, "--dport") === String(port),
    );
  return seen.published
    .filter((each) => (seen.nftBackend ? !seen.dockersTable : !has(each)))
    .map(({ name, port }) => `${port} of ${name}`);
}

/** A port of a routed network has no rule of NAT. Then only the loss of Docker's own jump shows that rules were lost. */
function isCertain(seen: PublishedSeen): boolean {
  const isRouted = ({ gatewayMode, containers }: DockerNetwork) =>
    gatewayMode.ipv4 === "routed" && containers > 0;
  const jumps = (seen.nat.chains.get("PREROUTING") ?? []).some((rule) => rule.at(-1) === "DOCKER");
  return seen.nftBackend || !jumps || !(seen.dockerNetworks ?? []).some(isRouted);
}

const after = (rule: Rule, word: string): string | undefined =>
  rule.includes(word) ? rule[rule.indexOf(word) + 1] : undefined;

export function lostRules(seen: PublishedSeen): readonly string[] {
  const ports = seen.dockerFilters && isCertain(seen) ? lostPorts(seen) : [];
  if (ports.length === 0) return [];
  return [
    `Docker's rules for published ports are gone (${ports.join(", ")}), because something has emptied or replaced ` +
      "the firewall's rules since Docker started: run `systemctl restart docker` there (its containers stop for it)",
  ];
}
