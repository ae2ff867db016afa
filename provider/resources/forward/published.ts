/**
 * Docker's rules for published ports and for the way out. A flush of the firewall, or old rules restored, removes them,
 * and only a start of dockerd brings them back. That is Docker's own matter, and its restart stops containers: so it is
 * not repaired, but a person is told.
 */
import type { Published } from "../../facts/docker.js";
import type { DockerNetwork } from "../../facts/docker-networks.js";
import type { Rule, TableSeen } from "../../facts/iptables.js";
import { parseInterface, printRange } from "../../plan/cidr.js";
import { v4 } from "../../plan/family.js";

export interface PublishedSeen {
  readonly published: readonly Published[];
  readonly nat: TableSeen;
  readonly nftBackend: boolean;
  /** Docker makes rules at all. */
  readonly dockerFilters: boolean;
  /** True if Docker's own nft table is there, where its rules are in nftables. */
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

/** The ranges of networks in use that Docker masquerades, and for which no rule does so any more. */
function notMasqueraded(seen: PublishedSeen): readonly string[] {
  const rules = [...seen.nat.chains.values()].flat();
  const has = (range: string): boolean =>
    rules.some(
      (rule) => after(rule, "-s") === range && ["MASQUERADE", "SNAT"].includes(after(rule, "-j") ?? ""),
    );
  return (seen.dockerNetworks ?? [])
    .filter(isMasqueraded)
    .flatMap(({ ranges }) => ranges.flatMap(({ subnet }) => inKernel(subnet)))
    .filter((range) => (seen.nftBackend ? !seen.dockersTable : !has(range)));
}

function isMasqueraded(network: DockerNetwork): boolean {
  const { driver, internal, masquerades, containers } = network;
  const mode = network.gatewayMode.ipv4;
  const hasNat = mode === "nat" || mode === "nat-unprotected";
  return driver === "bridge" && !internal && masquerades && hasNat && containers > 0;
}

/** As iptables prints an IPv4 range. Docker keeps the bits of a host that a person wrote into one. */
function inKernel(subnet: string): readonly string[] {
  const parsed = parseInterface(subnet, v4);
  return "value" in parsed ? [printRange(parsed.value.range)] : [];
}

const after = (rule: Rule, word: string): string | undefined =>
  rule.includes(word) ? rule[rule.indexOf(word) + 1] : undefined;

export function lostRules(seen: PublishedSeen): readonly string[] {
  if (!seen.dockerFilters) return [];
  const ports = isCertain(seen) ? lostPorts(seen) : [];
  const ranges = notMasqueraded(seen);
  const why =
    "because something has emptied or replaced the firewall's rules since Docker started: run `systemctl restart docker` " +
    "there (its containers stop for it)";
  return [
    ...(ports.length === 0
      ? []
      : [`Docker's rules for published ports are gone (${ports.join(", ")}), ${why}`]),
    ...(ranges.length === 0
      ? []
      : [`Docker's rules that masquerade what leaves ${ranges.join(", ")} are gone, ${why}`]),
  ];
}
