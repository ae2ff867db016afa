/** iproute2: the peers that a VXLAN device knows, and the routes that lead by the device of a link. */
import { z } from "zod";
import { type Answer, type Command, type Line, unseen } from "../engine/command.js";
import { factFor } from "../engine/fact.js";
import { protocol } from "./iproute.js";
import { parseJson } from "./json-answer.js";
import { macOf } from "./link-device.js";

/** The peers that a VXLAN device knows. */
export interface Neighbours {
  /** The host that a MAC address is at, "203.0.113.9" by "02:db:ac:1e:02:00". */
  readonly hosts: ReadonlyMap<string, string>;
  /** The MAC address of a next hop, by its address. */
  readonly macs: ReadonlyMap<string, string>;
}

const fdbList = z.array(z.object({ mac: z.string(), dst: z.string().optional() }));
const neighList = z.array(z.object({ dst: z.string().optional(), lladdr: z.string().optional() }));

export function neighboursOn<I>(deviceOf: (inputs: I) => string | undefined) {
  return factFor(
    (inputs: I): readonly Command[] => {
      const device = deviceOf(inputs);
      if (device === undefined) return [];
      return [
        { why: `read where ${device} sends to`, argv: ["bridge", "-j", "fdb", "show", "dev", device] },
        {
          why: `read the next hops on ${device}`,
          argv: ["ip", "-j", "-4", "neigh", "show", "dev", device, "nud", "permanent"],
        },
      ];
    },
    ([fdb = unseen, neigh = unseen]): Neighbours => ({
      hosts: new Map(
        listed(fdbList, fdb).flatMap(({ mac, dst }) => (dst === undefined ? [] : [[mac, dst] as const])),
      ),
      macs: new Map(
        listed(neighList, neigh).flatMap(({ dst, lladdr }) =>
          dst === undefined || lladdr === undefined ? [] : [[dst, lladdr] as const],
        ),
      ),
    }),
  );
}

/** Without the device both programs fail, and some versions print nothing where there is nothing. */
function listed<T>(form: z.ZodType<T[]>, { code, stdout }: Answer): readonly T[] {
  const read = code === 0 ? form.safeParse(parseJson(stdout)) : undefined;
  return read?.data ?? [];
}

export interface Hop {
  readonly device: string;
  /** The network address of the peer's part. */
  readonly address: string;
  /** The peer's own address, which the packets are sent to. */
  readonly endpoint: string;
}

export function setNeighbour({ device, address, endpoint }: Hop): readonly Line[] {
  const mac = macOf(address);
  return [
    { argv: ["bridge", "fdb", "replace", mac, "dev", device, "dst", endpoint] },
    { argv: ["ip", "neigh", "replace", address, "lladdr", mac, "dev", device, "nud", "permanent"] },
  ];
}

export function removeNeighbour(device: string, address: string, seen: Neighbours): readonly Command[] {
  const [mac, why] = [macOf(address), `forget the peer ${address} on ${device}`];
  return [
    ...(seen.macs.has(address) ? [{ why, argv: ["ip", "neigh", "del", address, "dev", device] }] : []),
    ...(seen.hosts.has(mac) ? [{ why, argv: ["bridge", "fdb", "del", mac, "dev", device] }] : []),
  ];
}

/** The same where nobody has looked what is there. */
export function forgetNeighbour(device: string, address: string): Command {
  const script = 'ip neigh del "$2" dev "$1" 2>/dev/null; bridge fdb del "$3" dev "$1" 2>/dev/null; :';
  return {
    why: `forget the peer ${address} on ${device}, which is reached another way`,
    argv: ["sh", "-c", script, "sh", device, address, macOf(address)],
  };
}

/** The last metric before the kernel's own end: any other route to the range comes first. */
export const fallbackMetric = 4278198272;

/** A link's packets must not leave by the default route, unencrypted, when its device is gone. */
export function refuseInstead(range: string): Line {
  return {
    argv: [
      ...["ip", "route", "replace", "unreachable", range],
      ...["metric", String(fallbackMetric), "proto", protocol],
    ],
  };
}

export function removeRefusal(range: string): Command {
  return {
    why: `remove the route that stands in for the link to ${range}`,
    argv: [
      ...["ip", "route", "del", "unreachable", range],
      ...["metric", String(fallbackMetric), "proto", protocol],
    ],
  };
}

/** @param via the next hop on the device, of a VXLAN */
export function routeBy(device: string, range: string, via?: string): Line {
  const way = via === undefined ? ["dev", device] : ["via", via, "dev", device, "onlink"];
  return { argv: ["ip", "route", "replace", range, ...way, "proto", protocol] };
}

export function removeRouteBy(device: string, range: string): Command {
  return {
    why: `remove the route to ${range} by ${device}`,
    argv: ["ip", "route", "del", range, "dev", device, "proto", protocol],
  };
}
