import type { Host } from "./host.js";
import { sortIptables, sortNft } from "./rulesets.js";

/**
 * The state of a host, as lines of text by section, for a comparison of before and after, without the things
 * that change by themselves: counters, handles, the veths of containers, addresses made from random MACs, carrier.
 */
export type Snapshot = Readonly<Record<Section, readonly string[]>>;
const sections = [
  "addresses",
  "routes",
  "rules",
  "iptables",
  "ip6tables",
  "nft",
  "sysctl",
  "daemonJson",
  "files",
  "units",
] as const;
export type Section = (typeof sections)[number];

export interface SnapshotOptions {
  /** Lines that match are left out, in every section: addresses of containers that come and go, say. */
  readonly ignore?: RegExp;
  /** The folders whose files are listed with owner, mode and hash. */
  readonly trees?: readonly string[];
}

const trees = ["/etc", "/usr/local", "/opt", "/root", "/home"];

export async function snapshot(host: Host, options: SnapshotOptions = {}): Promise<Snapshot> {
  const own = (lines: readonly string[]): string[] =>
    lines.filter((line) => line !== "" && !(options.ignore?.test(line) ?? false));
  const say = async (command: string): Promise<string[]> => (await host.run(command)).split("\n");
  const text = async (command: string, order: (text: string) => string[]): Promise<string[]> =>
    own(order(await host.run(command)));
  const [addresses, routes, rules, iptables, ip6tables, nft, sysctl, daemonJson, files, units] =
    await Promise.all([
      text("ip -j addr show", addressLines),
      text("ip -j -4 route show table all; ip -j -6 route show table all", routeLines),
      say("ip -4 rule show; ip -6 rule show").then(own),
      text("iptables-save", sortIptables),
      text("ip6tables-save", sortIptables),
      text("! command -v nft >/dev/null || nft -s list ruleset", sortNft),
      say(`sysctl -a 2>/dev/null | grep -E '${sysctlKeys}'`).then((lines) =>
        own(lines.filter((line) => !/\.veth/.test(line))),
      ),
      say(
        "F=/etc/docker/daemon.json; if [ -e $F ]; then stat -c '%U:%G %a' $F; cat $F; else echo absent; fi",
      ).then(own),
      say(listing(options.trees ?? trees)).then((lines) => own(lines.sort())),
      say(bootUnits).then((lines) => own(lines.sort())),
    ]);
  return { addresses, routes, rules, iptables, ip6tables, nft, sysctl, daemonJson, files, units };
}

/** The differences, a line each: `- routes: default via ...` is gone, `+ ...` is new. Empty: there is none. */
export function differences(before: Snapshot, after: Snapshot): string[] {
  return sections.flatMap((section) => [
    ...without(before[section], after[section]).map((line) => `- ${section}: ${line}`),
    ...without(after[section], before[section]).map((line) => `+ ${section}: ${line}`),
    ...(sameLines(before[section], after[section]) && !sameOrder(before[section], after[section])
      ? [`~ ${section}: the same lines in another order`]
      : []),
  ]);
}

/** The lines of `a` that are not in `b`, counted: a rule that is there twice is more than one. */
function without(a: readonly string[], b: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of b) left.set(line, (left.get(line) ?? 0) + 1);
  return a.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}

const sameLines = (a: readonly string[], b: readonly string[]): boolean =>
  without(a, b).length === 0 && without(b, a).length === 0;
const sameOrder = (a: readonly string[], b: readonly string[]): boolean => a.join("\n") === b.join("\n");

const sysctlKeys =
  "^net\\.ipv4\\.(ip_forward|conf\\..*\\.(forwarding|rp_filter|route_localnet|accept_local|proxy_arp)) |" +
  "^net\\.ipv6\\.conf\\..*\\.forwarding |^net\\.bridge\\.bridge-nf-call-";

/**
 * The units that a boot forgets, and those that failed: the rest of them lies in /etc and is among the files, where
 * enabling is a link. `systemctl list-unit-files` would cost half a second.
 */
const bootUnits =
  "cd /run/systemd; find system generator generator.early generator.late transient ! -type d " +
  "\\( ! -path 'transient/*' -o -name 'dockroute*' \\) -printf '%p %l\\n' 2>/dev/null; " +
  "systemctl list-units --failed --no-legend --plain";

/** A file is two lines, one with owner and mode and one with its hash: a program for each file takes seconds. */
const listing = (folders: readonly string[]): string =>
  `find ${folders.join(" ")} -xdev -type f -exec sha256sum {} + | cut -c1-16,65-; ` +
  `find ${folders.join(" ")} -xdev -type l -printf '%p -> %l\\n' -o -type d -printf '%p/ %u:%g %m\\n' ` +
  `-o -type f -printf '%p %u:%g %m\\n'`;

interface Address {
  readonly local: string;
  readonly prefixlen: number;
  readonly scope: string;
}
interface Interface {
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly addr_info: readonly Address[];
}

function addressLines(text: string): string[] {
  return (JSON.parse(text) as Interface[])
    .filter(({ ifname }) => !ifname.startsWith("veth"))
    .flatMap(({ ifname, flags, mtu, addr_info }) => [
      `${ifname} mtu ${mtu} ${flags.includes("UP") ? "up" : "down"}`,
      // An address of link scope is made from the MAC address, which is random on a bridge of Docker's.
      ...addr_info
        .filter(({ scope }) => scope !== "link")
        .map((a) => `${ifname} ${a.local}/${a.prefixlen} ${a.scope}`),
    ])
    .sort();
}

type Route = Readonly<Record<string, unknown>> & { readonly dst?: string; readonly dev?: string };

function routeLines(text: string): string[] {
  const lists = text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .join("\n")
    .replace(/\]\s*\[/g, ",");
  return (JSON.parse(lists.replace(/\[\s*,/, "[")) as Route[])
    .filter(({ dst, dev }) => !(dev ?? "").startsWith("veth") && !/^(fe80|ff00|multicast)/.test(dst ?? ""))
    .map(({ flags: _, metric, ...route }) =>
      JSON.stringify(metric === undefined ? route : { ...route, metric }),
    )
    .sort();
}
