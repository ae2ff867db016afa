/** The ways of a mesh as a small table, and what a person should know of them before saying yes. */
import type { MeshConfig, MeshHost } from "./types.js";
import { behindNat, isLink, linkedHosts, pairsOf, portOf, wayBetween } from "./ways.js";

/** Up to this many hosts each pair has a line; more are counted by sites. */
const mostHosts = 8;

/** One line for each pair, or for each pair of sites; none where every host is on one network. */
export function wayLines(config: MeshConfig): readonly string[] {
  const sites = new Set(config.hosts.map(({ site }) => site));
  if (sites.size < 2) return [];
  const hosts = [...config.hosts].sort((a, b) => (a.name < b.name ? -1 : 1));
  const pairs = pairsOf(hosts);
  return inColumns(
    hosts.length > mostHosts ? bySites(config, pairs) : pairs.map((pair) => row(config, pair)),
  );
}

type Pair = readonly [MeshHost, MeshHost];

function row(config: MeshConfig, [a, b]: Pair): readonly string[] {
  const way = wayBetween(config, a, b);
  const caller = isLink(way) ? [a, b].find(({ publicAddress }) => publicAddress === behindNat) : undefined;
  const note = caller === undefined ? "" : `${caller.name} calls: it is behind NAT`;
  return [a.name, b.name, way ?? "none", note];
}

function bySites(config: MeshConfig, pairs: readonly Pair[]): readonly (readonly string[])[] {
  const counts = new Map<string, { readonly words: readonly string[]; count: number }>();
  for (const [a, b] of pairs) {
    const words = [...[a.site ?? "", b.site ?? ""].sort(), wayBetween(config, a, b) ?? "none"];
    const known = counts.get(words.join()) ?? { words, count: 0 };
    known.count += 1;
    counts.set(words.join(), known);
  }
  return [...counts.values()].map(({ words, count }) => [...words, `${count} pair${count === 1 ? "" : "s"}`]);
}

function inColumns(rows: readonly (readonly string[])[]): readonly string[] {
  const width = (column: number) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0));
  return rows.map((cells) =>
    cells
      .map((cell, at) => cell.padEnd(width(at)))
      .join("   ")
      .trimEnd(),
  );
}

/** Warnings: what a link does not protect, and a port that is open to everybody. */
export function wayWarnings(config: MeshConfig): readonly string[] {
  if (linkedHosts(config).length === 0) return [];
  if (config.between === "vxlan") {
    return [
      "VXLAN between sites is neither encrypted nor authenticated: whoever can send packets with a peer's address as their " +
        "source reaches the containers; take it only in networks that you trust",
    ];
  }
  const open = linkedHosts(config, ({ publicAddress }) => publicAddress === behindNat);
  if (open.length === 0) return [];
  const names = open.map(({ name }) => name).join(", ");
  return [
    `the UDP port ${portOf("wireguard", config.link)} of ${names} is open to every address, because a peer behind NAT calls from one ` +
      "that is not known; WireGuard answers nobody who has no key of a peer",
  ];
}
