/** Hosts as they were before any tool met them, by the shortest way and outside of every measured time. */
import type { Host } from "../lab/host.js";

/** Takes away all that any of the tools leaves: these hosts are for nothing else. */
const wipe = `
systemctl stop docker.socket docker.service
systemctl disable -q --now mesh.service dockroute-boot.service dockroute.service dockroute-repair.timer 2>/dev/null
rm -rf /etc/dockroute /run/dockroute.* /usr/local/sbin/mesh /etc/systemd/system/mesh.service \
  /etc/systemd/system/dockroute* /etc/systemd/system/docker.service.d/dockroute.conf
find /etc/systemd/system -xtype l -delete
systemctl daemon-reload
ip route flush proto static
ip route flush proto 219
nft flush ruleset
echo 0 > /proc/sys/net/ipv4/ip_forward
`;
const forgetBridge = `
rm -f /etc/docker/daemon.json /var/lib/docker/network/files/local-kv.db
ip link del docker0
`;
const start = "systemctl reset-failed docker.service; systemctl start docker.service";

/** @param bridge true where docker0 keeps the address that it has by now, and Docker the config that sets it */
export async function reset(hosts: readonly Host[], { bridge }: { readonly bridge: boolean }): Promise<void> {
  const script = [wipe, bridge ? "" : forgetBridge, start].join("\n");
  await Promise.all(
    hosts.map(async (host) => {
      await host.exec(["sh", "-c", script]);
      await host.ready();
    }),
  );
}

/**
 * One host is no longer as it was made: a peer is not reached, and no peer comes in. dockroute's repair on the
 * host is stopped before, or it might mend both before the tool comes that is to be measured.
 */
export async function drift(host: Host, part: string): Promise<void> {
  await host.run(
    `systemctl stop dockroute-repair.timer 2>/dev/null; ip route del ${part} && iptables -w -D DOCKER-USER 1`,
  );
}
