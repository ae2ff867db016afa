/** The two families of addresses. A difference between them is a value here, and no branch elsewhere. */
export interface Family {
  readonly name: "IPv4" | "IPv6";
  /** The bits of an address, which is also the prefix length of a single host: 32 or 128. */
  readonly bits: 32 | 128;
  /** The option of iproute2: `ip -6 route`. */
  readonly ip: "-4" | "-6";
  /** The family of a table in nft, and the protocol's name in its rules: `ip6 saddr`. */
  readonly nft: "ip" | "ip6";
  readonly iptables: "iptables" | "ip6tables";
  /** The range that holds every address. */
  readonly everything: "0.0.0.0/0" | "::/0";
  /** Its settings in the kernel. */
  readonly proc: "/proc/sys/net/ipv4" | "/proc/sys/net/ipv6";
  /** The sysctl that lets the kernel forward packets from one link to another. */
  readonly forwarding: "net.ipv4.ip_forward" | "net.ipv6.conf.all.forwarding";
  /** A single address and a range, for messages that show the form. */
  readonly example: { readonly address: string; readonly range: string };
}

export const v4: Family = {
  name: "IPv4",
  bits: 32,
  ip: "-4",
  nft: "ip",
  iptables: "iptables",
  everything: "0.0.0.0/0",
  proc: "/proc/sys/net/ipv4",
  forwarding: "net.ipv4.ip_forward",
  example: { address: "192.168.145.128", range: "172.30.0.0/16" },
};

export const v6: Family = {
  name: "IPv6",
  bits: 128,
  ip: "-6",
  nft: "ip6",
  iptables: "ip6tables",
  everything: "::/0",
  proc: "/proc/sys/net/ipv6",
  forwarding: "net.ipv6.conf.all.forwarding",
  example: { address: "fd00::1", range: "fd00:1::/64" },
};
