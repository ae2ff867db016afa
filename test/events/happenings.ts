/** Events on hosts after an `up`, and the hosts on which they happen. */
import assert from "node:assert/strict";
import type { Host } from "../../lab/host.js";
import { boxAddress } from "../../lab/probe.js";

/** Each host another Docker, and another program that rules its network or its firewall. */
export const hosts = [
  { name: "alpha", image: "docker20" },
  { name: "beta", image: "docker26+ufw" },
  { name: "gamma", image: "docker28+firewalld" },
  { name: "delta", image: "docker29-nft" },
] as const;

export interface Event {
  readonly what: string;
  readonly on: readonly (typeof hosts)[number]["name"][];
  readonly by: string | ((host: Host) => Promise<void>);
  /** True where systemd or Docker announces it. */
  readonly announced: boolean;
}

export const everyHost = hosts.map(({ name }) => name);

export const events: readonly Event[] = [
  { what: "systemctl restart docker", on: everyHost, by: "systemctl restart docker", announced: true },
  {
    what: "systemctl stop docker, and start",
    on: everyHost,
    by: "systemctl stop docker.socket docker; sleep 1; systemctl start docker",
    announced: true,
  },
  {
    what: "kill -9 of dockerd",
    on: everyHost,
    by: 'kill -9 "$(systemctl show docker -p MainPID --value)"; sleep 1',
    announced: true,
  },
  {
    what: "a container restarted with a new address",
    on: everyHost,
    by: async (host) => {
      const old = await boxAddress(host);
      await host.run(
        "docker stop box && docker run -d --rm --name other lab/box sleep 1000 && docker start box",
      );
      assert.notEqual(await boxAddress(host), old);
      await host.run("docker rm -f other");
    },
    announced: true,
  },
  {
    what: "systemctl restart systemd-networkd",
    on: ["alpha"],
    by: "systemctl restart systemd-networkd",
    announced: true,
  },
  { what: "networkctl reload", on: ["alpha"], by: "networkctl reload", announced: true },
  { what: "ufw reload", on: ["beta"], by: "ufw reload", announced: true },
  { what: "systemctl restart ufw", on: ["beta"], by: "systemctl restart ufw", announced: true },
  { what: "firewall-cmd --reload", on: ["gamma"], by: "firewall-cmd --reload", announced: true },
  {
    what: "firewall-cmd --complete-reload",
    on: ["gamma"],
    by: "firewall-cmd --complete-reload",
    announced: true,
  },
  { what: "systemctl restart firewalld", on: ["gamma"], by: "systemctl restart firewalld", announced: true },
  {
    what: "link down and up",
    on: everyHost,
    // Nobody but networkd puts a default route back, and that is not ours.
    by: `ip -4 route show default >/run/ways; ip link set eth0 down; ip link set eth0 up
      while read -r way; do ip route append $way || :; done </run/ways; rm /run/ways`,
    announced: false,
  },
  {
    what: "sysctl --system with a file that turns ip_forward off",
    on: everyHost,
    by: "echo net.ipv4.ip_forward=0 >/etc/sysctl.d/99-zz.conf; sysctl -q --system; cat /proc/sys/net/ipv4/ip_forward; rm /etc/sysctl.d/99-zz.conf",
    announced: false,
  },
];

/** Sets up the packages of the hosts beyond their installation. */
export async function arrange(host: Host): Promise<void> {
  if (host.name === "alpha") {
    await host.run(["tee", "/etc/systemd/network/10-lab.network"], {
      input: `[Match]\nName=eth0\n[Network]\nAddress=${host.address}/24\nGateway=${host.address.replace(/\d+$/, "1")}\n`,
    });
    // Without udev a link stays pending, unless /sys is read-only, as in a container.
    await host.run(`mkdir -p /etc/systemd/system/systemd-networkd.service.d
      printf '[Service]\\nExecStartPre=+mount -o remount,bind,ro /sys\\n' >/etc/systemd/system/systemd-networkd.service.d/lab.conf
      systemctl daemon-reload; systemctl enable -q --now systemd-networkd`);
  }
  if (host.name === "beta") await host.run("ufw allow 22/tcp; ufw default deny routed; ufw --force enable");
  if (host.name === "delta") {
    await host.run("systemctl enable -q --now nftables; systemctl restart docker");
  }
}
