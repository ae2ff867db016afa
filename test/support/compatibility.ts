/** docs/compatibility.md: which Docker with which option was seen to work, written by the tests that looked. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OptionName } from "../../lab/options.js";
import { root } from "./stack.js";

const file = join(root, "docs/compatibility.md");
const columns = ["docker20", "docker26", "docker28", "docker29", "docker29-nft"] as const;

const head = `# Which Docker works with what

Written by the tests on real hosts, from what they saw: \`npm run test:matrix\` fills every cell, \`npm test\` some of
them. Changes by hand are lost.

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
  ifupdown: "network card managed by ifupdown",
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

/** Writes one cell. @param failures what failed; @param instead what the cell says where that is as it should be */
export function record(
  image: string,
  option: "none" | OptionName,
  failures: readonly string[],
  instead?: string,
): void {
  const column = (columns as readonly string[]).indexOf(image);
  const cells = read();
  const row = [...(cells.get(rows[option]) ?? columns.map(() => "-"))];
  row[column] = failures.length > 0 ? "FAILS" : (instead ?? "works");
  cells.set(rows[option], row);
  const lines = Object.values(rows).map((name) => line(name, cells.get(name) ?? columns.map(() => "-")));
  const titles = ["20.10", "26.1", "28.5", "29", "29, nftables backend"].map((name) => `Docker ${name}`);
  const table = [
    line("", titles),
    line(
      "---",
      columns.map(() => "---"),
    ),
    ...lines,
  ];
  writeFileSync(file, `${head}\n${table.join("\n")}\n`);
}

function line(name: string, cells: readonly string[]): string {
  return `| ${[name, ...cells].join(" | ")} |`;
}

function read(): Map<string, readonly string[]> {
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const lines = text.split("\n").filter((each) => each.startsWith("| "));
  return new Map(
    lines.slice(2).map((each) => {
      const [name = "", ...cells] = each.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, ""));
      return [name, cells];
    }),
  );
}
