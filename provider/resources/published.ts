/**
 * Docker's rules for published ports. A flush of the firewall, or old rules restored, takes them away, and only
 * a start of dockerd brings them back. That is Docker's own, and its restart stops containers: not repaired
 * behind anybody's back, but named.
 */
import * as json from "../tools/daemon-json.js";
import type { Container } from "../tools/docker.js";
import type { TableSeen } from "../tools/iptables.js";

export interface Seen {
  readonly containers: readonly Container[];
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
  const targets = new Set(
    [...seen.nat.chains.values()].flat().map((rule) => rule[rule.indexOf("--to-destination") + 1] ?? ""),
  );
  return seen.containers.flatMap(({ name, published }) =>
    published
      .filter(({ to }) => to.length > 0)
      .filter(({ to }) => (seen.nftBackend ? !seen.dockersTable : !to.some((each) => targets.has(each))))
      .map(({ port }) => `${port} of ${name}`),
  );
}

export function notices(seen: Seen): readonly string[] {
  const ports = lostPorts(seen);
  if (ports.length === 0) return [];
  return [
    `Docker's rules for published ports are gone (${ports.join(", ")}), because something has emptied or replaced ` +
      "the firewall's rules since Docker started: run `systemctl restart docker` there (its containers stop for it)",
  ];
}
