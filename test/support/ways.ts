/** The answer of a kernel with these routes alone to `ip route get`: the longest prefix, then the lowest metric. */
import type { Way } from "../../provider/facts/iproute.js";
import { containsAddress, parseAddress } from "../../provider/plan/cidr.js";
import { type Ground, targetOf } from "../../provider/resources/host/network.js";

export function wayOf({ routes, links }: Pick<Ground, "routes" | "links">, address: string): Way {
  const wanted = parseAddress(address);
  if ("reason" in wanted) throw new Error(wanted.reason);
  const isOwn = links.some(({ addresses }) => addresses.some((own) => own.split("/")[0] === address));
  if (isOwn) return { isOwn, interface: "lo" };
  const [way] = routes
    .flatMap((route) => {
      const range = targetOf(route);
      return range !== undefined && containsAddress(range, wanted.value) ? [{ ...route, range }] : [];
    })
    .sort((a, b) => b.range.prefix - a.range.prefix || (a.metric ?? 0) - (b.metric ?? 0));
  if (way === undefined) return { isOwn, refusal: "RTNETLINK answers: Network is unreachable" };
  return {
    isOwn,
    ...(way.interface === undefined ? {} : { interface: way.interface }),
    ...(way.gateway === undefined ? {} : { gateway: way.gateway }),
    ...(way.source === undefined ? {} : { source: way.source }),
  };
}
