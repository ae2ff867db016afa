/** Warns if a host does not have its configured address, or sends to its peers from another one. */
import { type Ground, nics, router } from "../resources/host/network.js";

interface Addressed {
  readonly name: string;
  readonly address: string;
  readonly ground: Ground;
}

/** In words, where the address is not the host's own, or not the one that it sends from. */
export function notItsOwn(
  { name, address, ground }: Addressed,
  hosts: readonly Addressed[],
): readonly string[] {
  const own = nics(ground).flatMap(({ addresses }) => addresses.map((each) => each.split("/")[0] ?? each));
  if (!own.includes(address)) {
    return [
      `${name}: none of its cards has the address ${address}, only ${own.join(", ")}: what peers send to its containers ` +
        "goes to whoever answers there; take one of its own into dockroute:hosts unless that is meant",
    ];
  }
  const routeTo = router(ground);
  const others = hosts.flatMap((peer) => {
    const source = peer.name === name ? undefined : routeTo(peer.address)?.source;
    return source === undefined || source === address ? [] : [{ peer: peer.name, source }];
  });
  const [first] = others;
  if (first === undefined) return [];
  return [
    `${name}: it sends to ${others.map(({ peer }) => peer).join(", ")} from ${first.source}, and peers let in ${address} alone: ` +
      `what ${name} itself sends to their containers is dropped, what its containers send is not; take ${first.source} into ` +
      `dockroute:hosts, or \`ip route change\` the route of that network to \`src ${address}\``,
  ];
}
