/** Packages that go into one image together, so that the options that take them share it. */
export interface Group {
  readonly packages: readonly string[];
  /** Shell that switches all of them off: an option switches on what it is about. */
  readonly off: string;
}

export const firewalls: Group = {
  packages: ["firewalld", "ufw", "ifupdown"],
  off: "systemctl disable -q firewalld ufw networking",
};

export const managers: Group = {
  packages: ["network-manager", "netplan.io", "ifupdown", "dhcpcd-base", "cloud-init"],
  off: "systemctl disable -q NetworkManager NetworkManager-wait-online networking; touch /etc/cloud/cloud-init.disabled",
};
