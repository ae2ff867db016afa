/** A rule and a table of somebody's own that lead the whole pool elsewhere than the routes will. */
import type { Policy } from "../facts/ip-rules.js";
import { contains, parseRange, type Range } from "../plan/cidr.js";
import { containersOf, diversion, remedy } from "../resources/host/policy.js";
import type { Intent, Standing } from "./mesh.js";

/** The packets of containers to the peers. */
export function divertedPackets({ pool }: Intent, { name, ground, policy }: Standing): readonly string[] {
  const to = rangeOf(pool);
  if (to === undefined) return [];
  const ofContainers = containersOf(ground);
  const from = [...ofContainers.from, to];
  const found = diversion(towardsAll(policy, to), { ...ofContainers, from, to });
  if (found === undefined) return [];
  return [
    `${name}: packets of containers to the pool ${pool} would not go to the peers: ${found}; ${remedy(to)}`,
  ];
}

/** A rule for the host's own address, as hosts with two uplinks have it, is about the host's own processes alone. */
export function divertedItself({ pool }: Intent, { name, address, policy }: Standing): readonly string[] {
  const to = rangeOf(pool);
  const own = rangeOf(`${address}/32`);
  if (to === undefined || own === undefined) return [];
  const found = diversion(towardsAll(policy, to), { from: [own], to, comesBy: (link) => link === "lo" });
  if (found === undefined) return [];
  return [
    `${name}: what ${name} itself, not its containers, sends to the peers' containers would not go to the peers: ` +
      `${found}; ${remedy(to)}`,
  ];
}

/** A route to a part of the pool is told by the PeerRoute that it meets. */
function towardsAll(policy: Policy, to: Range): Policy {
  return { ...policy, routes: policy.routes.filter(({ range }) => contains(range, to)) };
}

function rangeOf(text: string | undefined): Range | undefined {
  const parsed = text === undefined ? undefined : parseRange(text);
  return parsed !== undefined && "value" in parsed ? parsed.value : undefined;
}
