import { managerOptions } from "./managers.js";
import { firewalls, type Group, managers } from "./packages.js";
import type { HostState, LabState } from "./state.js";

/** A property that a host can have besides its image; several combine. */
export interface Option {
  /** The packages that it takes beside the image's own. */
  readonly group?: Group;
  /** Keys of daemon.json, put beside those of the image. */
  readonly daemonJson?: Readonly<Record<string, unknown>>;
  readonly files?: (lab: LabState, host: HostState) => Readonly<Record<string, string>>;
  /** Shell, run in the host's file system before its first boot, with no network. */
  readonly setup?: string;
  /** The host's own network program gives the card its address; else the lab does. */
  readonly bareCard?: true;
  /** It asks the lab's DHCP server for its address. */
  readonly leased?: true;
  readonly mtu?: number;
  /** A second card, eth1, in a second network of the lab. */
  readonly secondCard?: true;
}

const key = (name: string, value: boolean): Option => ({ daemonJson: { [name]: value } });

export const options = {
  firewalld: { group: firewalls, setup: "systemctl enable -q firewalld" },
  ufw: {
    group: firewalls,
    setup: [
      "sed -i 's/^ENABLED=.*/ENABLED=yes/' /etc/ufw/ufw.conf",
      "grep -qx 'DEFAULT_FORWARD_POLICY=\"DROP\"' /etc/default/ufw",
      "grep -qx 'DEFAULT_INPUT_POLICY=\"DROP\"' /etc/default/ufw",
      // The lines that `ufw allow 22/tcp` writes; the command itself wants to see a kernel's rules.
      "sed -i 's/^### RULES ###$/&\\n\\n### tuple ### allow tcp 22 0.0.0.0\\/0 any 0.0.0.0\\/0 in\\n-A ufw-user-input -p tcp --dport 22 -j ACCEPT/' /etc/ufw/user.rules",
      "systemctl enable -q ufw",
    ].join("\n"),
  },
  /** With Debian's own /etc/nftables.conf, which begins with `flush ruleset`. */
  "nftables.service": {
    setup: "grep -qx 'flush ruleset' /etc/nftables.conf; systemctl enable -q nftables",
  },
  ...managerOptions,
  "iptables-legacy": {
    setup: [
      "update-alternatives --quiet --set iptables /usr/sbin/iptables-legacy",
      "update-alternatives --quiet --set ip6tables /usr/sbin/ip6tables-legacy",
    ].join("\n"),
  },
  "no nft": { setup: "rm /usr/sbin/nft" },
  "mtu 1450": { mtu: 1450 },
  "mtu 9000": { mtu: 9000 },
  "two cards": {
    secondCard: true,
    files: () => ({
      // The distribution's own file sets 2 for each card, and the larger of card and all counts.
      "etc/sysctl.d/99-strict.conf": ["all", "default", "*"]
        .map((card) => `net.ipv4.conf.${card}.rp_filter = 1\n`)
        .join(""),
    }),
  },
  "icc false": key("icc", false),
  "ip-masq false": key("ip-masq", false),
  "iptables false": key("iptables", false),
  "live-restore": key("live-restore", true),
  "no userland-proxy": key("userland-proxy", false),
} as const satisfies Readonly<Record<string, Option>>;

export type OptionName = keyof typeof options;

export function optionsOf(names: readonly OptionName[] = []): readonly Option[] {
  return names.map((name) => options[name]);
}

/** The image with the packages that the options take. */
export function imageWith(image: string, names: readonly OptionName[] = []): string {
  const packages = new Set(groupsOf(names).flatMap((group) => group.packages));
  return [image, ...packages].join("+");
}

/** The shell text for all of them. */
export function setupOf(names: readonly OptionName[] = []): string {
  const off = groupsOf(names).map((group) => group.off);
  return [...off, ...optionsOf(names).flatMap(({ setup }) => setup ?? [])].join("\n");
}

/** In one order, whatever the order of the options: the packages are the image's key. */
function groupsOf(names: readonly OptionName[]): readonly Group[] {
  return [firewalls, managers].filter((group) => optionsOf(names).some((option) => option.group === group));
}
