import { z } from "zod";
import type { OnHost } from "../../engine/kind.js";
import { sorted } from "../../facts/docker-lans.js";
import { contains, containsAddress, parseAddress, parseRange } from "../../plan/cidr.js";
import { isUsable } from "../../plan/lan-check.js";
import { type LanDriver, lanDrivers, lanNamePattern } from "../../plan/lan-config.js";
import { address, nic, onHost, range } from "../host/inputs.js";

export interface LanNetworkInputs extends OnHost {
  /** The Docker network's name; with the host's it names the resource. Another name replaces it. @example "lan" */
  readonly name: string;
  /** The way in which containers are on the LAN. @example "macvlan" */
  readonly driver: LanDriver;
  /** The host's own address: no container gets it, and the card that has it is the default parent. @example "192.168.1.11" */
  readonly address?: string | undefined;
  /** The card, with `bridge` the bridge, whose LAN it is. @default the link that holds `address`, else the one whose network holds the gateway @example "eth0" */
  readonly parent?: string | undefined;
  /** A VLAN of the parent, 1 to 4094. @default none @example 50 */
  readonly vlan?: number | undefined;
  /** The network of the LAN. With `ipvlan-l3` the containers' own range. @example "192.168.1.0/24" */
  readonly subnet: string;
  /** The LAN's router. Needed but for `ipvlan-l3`, which has none. @example "192.168.1.1" */
  readonly gateway?: string | undefined;
  /** The addresses that this host's containers may have. @default the whole subnet @example "192.168.1.144/28" */
  readonly range: string;
  /** Single addresses of `range` that other machines have. @default [] @example ["192.168.1.150"] */
  readonly reserved: readonly string[];
  /** The host and its own containers reach each other. @default true, with `ipvlan-l3` false */
  readonly hostAccess: boolean;
  /** Docker cannot change a network: allows a change to take the containers off it and put them on the new one. @default false */
  readonly moveContainers: boolean;
}

const vlan = z
  .number({ error: ({ input }) => `${JSON.stringify(input)} is refused: a VLAN's id is a number` })
  .refine((id) => Number.isInteger(id) && id >= 1 && id <= 4094, {
    error: ({ input }) => `${JSON.stringify(input)} is refused: a VLAN's id is a whole number from 1 to 4094`,
  });

const name = z.string().regex(lanNamePattern, {
  error: ({ input }) =>
    `${JSON.stringify(input)} is not a network's name: 1 to 63 letters, digits, "_", "." and "-", beginning with a ` +
    "letter or a digit, and none of bridge, host, none and default",
});

const form = z.strictObject({
  ...onHost,
  name,
  driver: z.enum(lanDrivers, {
    error: ({ input }) => `${JSON.stringify(input)} is refused: allowed are ${lanDrivers.join(", ")}`,
  }),
  address: address.optional(),
  parent: nic.optional(),
  vlan: vlan.optional(),
  subnet: range,
  gateway: address.optional(),
  range: range.optional(),
  reserved: z.array(address).default([]),
  hostAccess: z.boolean().optional(),
  moveContainers: z.boolean().default(false),
});

type Form = z.infer<typeof form>;

/** Inputs in normal form, or every fault at once. */
export const schema = form
  .superRefine((given, context) => {
    for (const [property, message] of faultsOf(given)) {
      context.addIssue({ code: "custom", path: [property], message });
    }
  })
  .transform(
    (given): LanNetworkInputs => ({
      ...given,
      range: given.range ?? given.subnet,
      reserved: sorted([...new Set(given.reserved)]),
      hostAccess: given.hostAccess ?? given.driver !== "ipvlan-l3",
    }),
  );

/** Each with its property. */
function faultsOf(given: Form): readonly (readonly [string, string])[] {
  const { driver, subnet, gateway, range: part, reserved, hostAccess, vlan: id } = given;
  const isRouted = driver === "ipvlan-l3";
  const faults: (readonly [string, string] | undefined)[] = [
    !isRouted && gateway === undefined
      ? ["gateway", "is missing: without it Docker takes an address of a container for the router"]
      : undefined,
    isRouted && gateway !== undefined
      ? ["gateway", "is refused with ipvlan-l3, whose containers send everything through the host's card"]
      : undefined,
    gateway !== undefined && !inSubnet(subnet, gateway)
      ? ["gateway", `${gateway} is not an address of a machine in the subnet ${subnet}`]
      : undefined,
    part !== undefined && !isWithin(subnet, part)
      ? ["range", `${part} is outside the subnet ${subnet}`]
      : undefined,
    isRouted && hostAccess === true
      ? [
          "hostAccess",
          "is refused with ipvlan-l3: the kernel has no way from the host to its own containers there",
        ]
      : undefined,
    driver === "bridge" && hostAccess === false
      ? ["hostAccess", "false is refused with the driver bridge: a host always reaches what is on its bridge"]
      : undefined,
    driver === "bridge" && id !== undefined
      ? ["vlan", "is refused with the driver bridge: make the bridge on the VLAN's link, and name the bridge"]
      : undefined,
    ...reserved.map((each): readonly [string, string] | undefined =>
      inSubnet(subnet, each)
        ? undefined
        : ["reserved", `${each} is not an address of a machine in the subnet ${subnet}`],
    ),
    ...reserved
      .filter((each) => each === gateway)
      .map((each): readonly [string, string] => [
        "reserved",
        `${each} is the gateway, which no container gets anyway`,
      ]),
  ];
  return faults.filter((each) => each !== undefined);
}

function inSubnet(subnet: string, text: string): boolean {
  const [net, one] = [parseRange(subnet), parseAddress(text)];
  return "value" in net && "value" in one && isUsable(net.value, one.value);
}

function isWithin(subnet: string, part: string): boolean {
  const [net, inner] = [parseRange(subnet), parseRange(part)];
  return "value" in net && "value" in inner && contains(net.value, inner.value);
}

/** False if either is no address or range. */
export function holds(range: string, text: string): boolean {
  const [net, one] = [parseRange(range), parseAddress(text)];
  return "value" in net && "value" in one && containsAddress(net.value, one.value);
}
