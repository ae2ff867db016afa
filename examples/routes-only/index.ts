import { ForwardRule, MasqueradeRule, PeerRoute } from "dockroute";

// Somebody else sets `bip` in each daemon.json: an image, cloud-init, Ansible. Here is what it was set to.
const hosts = [
  { name: "alpha", address: "192.168.145.128", docker0: "172.31.1.0/24" },
  { name: "beta", address: "192.168.145.129", docker0: "172.31.2.0/24" },
];

for (const { name, address, docker0 } of hosts) {
  const on = { host: name, endpoint: `root@${address}:22` };
  const peers = hosts.filter((peer) => peer.name !== name);

  for (const peer of peers) {
    new PeerRoute(`${name}-to-${peer.name}`, {
      ...on,
      peer: peer.name,
      destination: peer.docker0,
      gateway: peer.address,
    });
  }

  new MasqueradeRule(`${name}-masquerade`, {
    ...on,
    source: docker0,
    exclude: peers.map((peer) => peer.docker0),
  });

  new ForwardRule(`${name}-forward`, {
    ...on,
    destination: docker0,
    // The peers' containers, and the peers themselves.
    sources: peers.flatMap((peer) => [peer.docker0, `${peer.address}/32`]),
  });
}
