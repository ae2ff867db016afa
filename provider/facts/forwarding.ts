/** sysctl: whether the kernel forwards packets from one link to another. */

export const isOn: readonly string[] = ["grep", "-q", "1", "/proc/sys/net/ipv4/ip_forward"];

export const turnOn: readonly string[] = ["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"];
