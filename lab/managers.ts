/** Managers of a host's network card. All but `networkd` and `ifupdown` take its address from the lab's DHCP. */
import { gatewayOf } from "./network.js";
import type { Option } from "./options.js";
import { firewalls, managers } from "./packages.js";
import type { HostState, LabState } from "./state.js";

/** The images mask it, because most hosts of a lab are given their address before they boot. */
const waitForNetworkd = [
  "systemctl unmask -q systemd-networkd-wait-online",
  "systemctl enable -q systemd-networkd systemd-networkd-wait-online",
].join("\n");
const startNetworkManager = "systemctl enable -q NetworkManager NetworkManager-wait-online";

type Files = (lab: LabState, host: HostState) => Readonly<Record<string, string>>;

/** NetworkManager and netplan read no file that others may read. */
const leased = (files: Files, setup: string, secret?: string): Option => ({
  group: managers,
  bareCard: true,
  leased: true,
  files,
  setup: [...(secret === undefined ? [] : [`chmod 600 ${secret}`]), setup].join("\n"),
});

const netplan = (renderer: string): Files => {
  return (_, host) => ({
    "etc/netplan/01-lab.yaml": [
      "network:\n  version: 2\n",
      `  renderer: ${renderer}\n`,
      `  ethernets:\n    ${host.interface}:\n      dhcp4: true\n`,
    ].join(""),
  });
};

export const managerOptions = {
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
  "networkd dhcp": leased(
    (_, host) => ({
      "etc/systemd/network/10-lab.network": `[Match]\nName=${host.interface}\n\n[Network]\nDHCP=ipv4\n`,
    }),
    waitForNetworkd,
  ),
  ifupdown: {
    group: firewalls,
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
  "ifupdown dhcp": leased(
    (_, { interface: card }) => ({
      "etc/network/interfaces": `auto lo\niface lo inet loopback\n\nauto ${card}\niface ${card} inet dhcp\n`,
    }),
    "systemctl enable -q networking",
  ),
  NetworkManager: leased(
    (_, host) => ({
      "etc/NetworkManager/system-connections/wired.nmconnection": [
        `[connection]\nid=wired\ntype=ethernet\ninterface-name=${host.interface}\n`,
        "[ipv4]\nmethod=auto\n\n[ipv6]\nmethod=ignore\n",
      ].join("\n"),
    }),
    startNetworkManager,
    "/etc/NetworkManager/system-connections/wired.nmconnection",
  ),
  netplan: leased(netplan("networkd"), waitForNetworkd, "/etc/netplan/01-lab.yaml"),
  "netplan NetworkManager": leased(
    netplan("NetworkManager"),
    startNetworkManager,
    "/etc/netplan/01-lab.yaml",
  ),
  /** Its NoCloud source; it writes the file of netplan itself. */
  "cloud-init": leased(
    (_, host) => ({
      "var/lib/cloud/seed/nocloud/meta-data": `instance-id: ${host.name}\n`,
      "var/lib/cloud/seed/nocloud/user-data": "#cloud-config\n{}\n",
      "var/lib/cloud/seed/nocloud/network-config": `version: 2\nethernets:\n  ${host.interface}:\n    dhcp4: true\n`,
      // The lab has given the host its name, its keys and its users.
      "etc/cloud/cloud.cfg.d/99-lab.cfg": [
        "datasource_list: [ NoCloud ]\nssh_deletekeys: false\npreserve_hostname: true\n",
        "disable_root: false\nusers: []\nmanage_etc_hosts: false\n",
      ].join(""),
    }),
    `${waitForNetworkd}\nrm /etc/cloud/cloud-init.disabled`,
  ),
} as const satisfies Readonly<Record<string, Option>>;
