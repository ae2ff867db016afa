/** The managers of a host's network card, and the events on a host by them. */
import type { Host } from "../../lab/host.js";
import type { OptionName } from "../../lab/options.js";

export interface Manager {
  readonly option: OptionName;
  /** Two characters, for the lab's prefix. */
  readonly short: string;
  readonly restart: string;
  /** ifupdown has none. */
  readonly reload?: string;
  /** Puts its configuration into effect again, as a person does after a change of it. */
  readonly apply: string;
  /** Shell that runs right before the reboot. */
  readonly beforeReboot?: string;
}

const restartNetworkd = "systemctl restart systemd-networkd";
const restartNetworkManager = "systemctl restart NetworkManager";
const reloadNetworkManager = "systemctl reload NetworkManager";
/** `netplan apply` without its call of udev, which the lab's hosts do not run. */
const applyByNetworkd = "netplan generate; networkctl reload; networkctl reconfigure eth0";
const applyByNetworkManager =
  "netplan generate; nmcli connection reload; nmcli -w 30 connection up netplan-eth0";

export const managers: readonly Manager[] = [
  {
    option: "NetworkManager",
    short: "nm",
    restart: restartNetworkManager,
    reload: reloadNetworkManager,
    apply: "nmcli connection reload; nmcli -w 30 connection up wired",
  },
  {
    option: "ifupdown dhcp",
    short: "if",
    restart: "systemctl restart networking",
    apply: "ifdown eth0; ifup eth0",
  },
  {
    option: "networkd dhcp",
    short: "nd",
    restart: restartNetworkd,
    reload: "networkctl reload",
    apply: "networkctl reconfigure eth0",
  },
  {
    option: "netplan",
    short: "np",
    restart: restartNetworkd,
    reload: "networkctl reload",
    apply: applyByNetworkd,
  },
  {
    option: "netplan NetworkManager",
    short: "nn",
    restart: restartNetworkManager,
    reload: reloadNetworkManager,
    apply: applyByNetworkManager,
  },
  {
    option: "cloud-init",
    short: "ci",
    restart: restartNetworkd,
    reload: "networkctl reload",
    apply: applyByNetworkd,
    // The next boot is a first boot to it: it writes the files of the network anew.
    beforeReboot: "cloud-init clean",
  },
];

/** By name, as the columns of docs/compatibility.md. */
export const happenings = {
  restart: "restarted",
  reload: "reloaded",
  apply: "configuration applied again",
  link: "link down and up",
  cable: "cable out for 10 s",
  reboot: "reboot",
  renewal: "lease renewed",
} as const;

export type Happening = keyof typeof happenings;

export const linkDownAndUp = (host: Host): string =>
  `ip link set ${host.state.interface} down; sleep 1; ip link set ${host.state.interface} up`;
