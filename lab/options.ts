import { gatewayOf } from "./network.js";
import type { HostState, LabState } from "./state.js";

/** What a host can be besides its image; several combine. */
export interface Option {
  /** Whether it takes the packages of `extras`. */
  readonly needsExtras?: true;
  /** Keys of daemon.json, put beside those of the image. */
  readonly daemonJson?: Readonly<Record<string, unknown>>;
  readonly files?: (lab: LabState, host: HostState) => Readonly<Record<string, string>>;
  /** Shell, run in the host's file system before its first boot, with no network. */
  readonly setup?: string;
  /** The host's own network program gives the card its address; else the lab does. */
  readonly bareCard?: true;
  readonly mtu?: number;
  /** A second card, eth1, in a second network of the lab. */
  readonly secondCard?: true;
}

/** In one image, so that all options of a Docker share it; what an option does not choose is switched off. */
export const extras = ["firewalld", "ufw", "ifupdown"];
const extrasOff = "systemctl disable -q firewalld ufw networking";

const key = (name: string, value: boolean): Option => ({ daemonJson: { [name]: value } });

export const options = {
  firewalld: { needsExtras: true, setup: "systemctl enable -q firewalld" },
  ufw: {
    needsExtras: true,
    setup: [
      "sed -i 's/^ENABLED=.*/ENABLED=yes/' /etc/ufw/ufw.conf",
      "grep -qx 'DEFAULT_FORWARD_POLICY=\"DROP\"' /etc/default/ufw",
      "grep -qx 'DEFAULT_INPUT_POLICY=\"DROP\"' /etc/default/ufw",
      // What `ufw allow 22/tcp` writes; the command itself wants to see a kernel's rules.
      "sed -i 's/^### RULES ###$/&\\n\\n### tuple ### allow tcp 22 0.0.0.0\\/0 any 0.0.0.0\\/0 in\\n-A ufw-user-input -p tcp --dport 22 -j ACCEPT/' /etc/ufw/user.rules",
      "systemctl enable -q ufw",
    ].join("\n"),
  },
  /** With Debian's own /etc/nftables.conf, which begins with `flush ruleset`. */
  "nftables.service": {
    setup: "grep -qx 'flush ruleset' /etc/nftables.conf; systemctl enable -q nftables",
  },
  networkd: {
    bareCard: true,
    setup: "systemctl enable -q systemd-networkd",
    files: (lab, host) => ({
      "etc/systemd/network/10-lab.network": [
        `[Match]\nName=${host.interface}\n`,
        `[Network]\nAddress=${host.address}/24\nGateway=${gatewayOf(lab)}\n`,
      ].join("\n"),
    }),
  },
  ifupdown: {
    needsExtras: true,
    bareCard: true,
    setup: "systemctl enable -q networking",
    files: (lab, host) => ({
      "etc/network/interfaces": [
        "auto lo\niface lo inet loopback\n",
        `auto ${host.interface}\niface ${host.interface} inet static`,
        `  address ${host.address}/24\n  gateway ${gatewayOf(lab)}\n`,
      ].join("\n"),
    }),
  },
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
      // The distribution's own file says 2 for each card, and the larger of card and all counts.
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
  return optionsOf(names).some(({ needsExtras }) => needsExtras) ? [image, ...extras].join("+") : image;
}

/** The shell text for all of them. */
export function setupOf(names: readonly OptionName[] = []): string {
  const chosen = optionsOf(names);
  const off = chosen.some(({ needsExtras }) => needsExtras) ? [extrasOff] : [];
  return [...off, ...chosen.flatMap(({ setup }) => setup ?? [])].join("\n");
}
