/** docs/compatibility.md: which Docker with which option was seen to work, written by the tests that looked. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OptionName } from "../../lab/options.js";
import { type Happening, happenings } from "../managers/table.js";
import { root } from "./stack.js";

const file = join(root, "docs/compatibility.md");
const title = "## Managers of the network";
const columns = ["docker20", "docker26", "docker28", "docker29", "docker29-nft"] as const;

const head = `# Which Docker works with what

Written by the tests on real hosts, from what they saw: \`npm run test:matrix\` and \`npm run test:managers\` fill every
cell, \`npm test\` some of them. Changes by hand are lost.

"Works" means: every direction between containers by ICMP, TCP and UDP, source addresses kept, what leaves the plan
masqueraded, a stranger at the switch let in nowhere that was closed before, not under an address of the pool that
nobody has either, all of it after a reboot too, the next preview empty, and after \`destroy\` the host as it was.
"-" was not tried.

Refused at preview, with the reason and what to change: rootless Docker, Docker as a snap, Podman under the name docker.
`;

const rows: Readonly<Record<"none" | OptionName, string>> = {
  none: "nothing more",
  firewalld: "firewalld active",
  ufw: "ufw active, incoming and routed denied",
  "nftables.service": "nftables.service active, with `flush ruleset`",
  networkd: "network card managed by systemd-networkd",
  "networkd dhcp": "systemd-networkd with DHCP",
  ifupdown: "network card managed by ifupdown",
  "ifupdown dhcp": "ifupdown with DHCP",
  NetworkManager: "NetworkManager with DHCP",
  netplan: "netplan, systemd-networkd below it, with DHCP",
  "netplan NetworkManager": "netplan, NetworkManager below it, with DHCP",
  "cloud-init": "cloud-init's files, with DHCP",
  "iptables-legacy": "iptables-legacy chosen",
  "no nft": "no program `nft`",
  "mtu 1450": "MTU 1450",
  "mtu 9000": "MTU 9000",
  "two cards": "two network cards, strict `rp_filter`",
  "icc false": '`"icc": false`',
  "ip-masq false": '`"ip-masq": false`',
  "iptables false": '`"iptables": false`',
  "live-restore": '`"live-restore": true`',
  "no userland-proxy": '`"userland-proxy": false`',
};

const managersHead = `${title}

How long, in seconds, the containers of two hosts did not reach each other when it happened to both at once: one with
Docker 20.10 on Debian 12, one with Docker 29 and the nftables backend on Debian 13. Nobody did anything by hand, and at
the end all of the above was so again. "none" is less than a second. What is lost with a link comes back by the repair,
which looks twice a minute; the 10 s without a cable are not counted. "-" is what a manager does not have. netplan's
configuration is applied by \`netplan generate\` and the manager below it: \`netplan apply\` itself asks udev, which the
tests' hosts do not run, and was not tried.

A lease renewed with another address is no such happening: the peers' routes lead to the old address until
\`address\` in \`dockroute:hosts\` is the new one and \`pulumi up\` has run. Preview names the host and both addresses.
Reserve the addresses of hosts in the DHCP server.
`;

/** Writes one cell. @param failures the failed parts; @param instead the text of a cell without any */
export function record(
  image: string,
  option: "none" | OptionName,
  failures: readonly string[],
  instead?: string,
): void {
  const column = (columns as readonly string[]).indexOf(image);
  const tables = read();
  const row = [...(tables.dockers.get(rows[option]) ?? columns.map(() => "-"))];
  row[column] = failures.length > 0 ? "FAILS" : (instead ?? "works");
  tables.dockers.set(rows[option], row);
  write(tables);
}

/** Writes the row of a manager. @param times seconds; a happening without one was not come to */
export function recordTimes(option: OptionName, times: ReadonlyMap<Happening, number>): void {
  const tables = read();
  const cell = (happening: Happening): string => {
    const seconds = times.get(happening);
    return seconds === undefined ? "-" : seconds < 1 ? "none" : seconds.toFixed(0);
  };
  tables.managers.set(rows[option], (Object.keys(happenings) as Happening[]).map(cell));
  write(tables);
}

/** The cells by the first one of their row. */
interface Tables {
  readonly dockers: Map<string, readonly string[]>;
  readonly managers: Map<string, readonly string[]>;
}

function write({ dockers, managers }: Tables): void {
  const titles = ["20.10", "26.1", "28.5", "29", "29, nftables backend"].map((name) => `Docker ${name}`);
  const names = Object.values(rows);
  const first = table(
    titles,
    names.map((name) => line(name, dockers.get(name) ?? columns.map(() => "-"))),
  );
  const second = table(
    Object.values(happenings),
    names.flatMap((name) => {
      const cells = managers.get(name);
      return cells === undefined ? [] : [line(name, cells)];
    }),
  );
  writeFileSync(file, `${head}\n${first}\n\n${managersHead}\n${second}\n`);
}

function table(titles: readonly string[], lines: readonly string[]): string {
  const rule = line(
    "---",
    titles.map(() => "---"),
  );
  return [line("", titles), rule, ...lines].join("\n");
}

function line(name: string, cells: readonly string[]): string {
  return `| ${[name, ...cells].join(" | ")} |`;
}

function read(): Tables {
  const [dockers = "", managers = ""] = (existsSync(file) ? readFileSync(file, "utf8") : "").split(title);
  return { dockers: cellsOf(dockers), managers: cellsOf(managers) };
}

function cellsOf(text: string): Map<string, readonly string[]> {
  const lines = text.split("\n").filter((each) => each.startsWith("| "));
  return new Map(
    lines.slice(2).map((each) => {
      const [name = "", ...cells] = each.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, ""));
      return [name, cells];
    }),
  );
}
