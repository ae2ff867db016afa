/** The places of the probe endpoints on a host: one on the default network, one in each user-defined one. Pure. */
import type { Attachment, DockerNetwork } from "../facts/docker-networks.js";
import { addressAt, containsAddress, parseInterface, parseRange, printAddress } from "../plan/cidr.js";
import type { HostPlan } from "../plan/index.js";

/** A network namespace for a probe endpoint: a container's, or one of its own on the default network. */
export interface Namespace {
  readonly container?: { readonly name: string; readonly pid: number };
  readonly address: string;
  /** The host's bridge to it: "docker0". */
  readonly bridge: string;
  /** The name of its user-defined network; undefined for the default one. */
  readonly network?: string;
}

/** A network of the host's own range that is not meant to be reached from other hosts, and why. */
export interface Closed {
  readonly network: string;
  readonly reason: string;
}

/** User-defined networks of a host that take part: every two endpoints are a direction. */
const mostNetworks = 2;

/** @param networks undefined where no Docker answered */
export function chooseNamespaces(
  plan: HostPlan,
  networks: readonly DockerNetwork[] | undefined,
  attachments: readonly Attachment[],
): { readonly namespaces: readonly Namespace[]; readonly closed: readonly Closed[] } {
  const inRange = (networks ?? []).filter((network) => !network.isDefault && isWithin(plan, network));
  const closed = inRange.flatMap((network): Closed[] => {
    const reason = closedBecause(network);
    return reason === undefined || network.containers === 0 ? [] : [{ network: network.name, reason }];
  });
  const others = inRange
    .filter((network) => closedBecause(network) === undefined)
    .flatMap((network): Namespace[] => {
      const namespace = containerIn(network, attachments);
      return namespace === undefined ? [] : [{ ...namespace, network: network.name }];
    });
  const byDefault = networks?.find(({ isDefault }) => isDefault);
  const first = byDefault === undefined ? undefined : containerIn(byDefault, attachments);
  const standIn = { address: standInAddress(plan), bridge: byDefault?.bridge ?? "docker0" };
  return { namespaces: [first ?? standIn, ...others.slice(0, mostNetworks)], closed };
}

function isWithin({ subnet }: HostPlan, { ranges }: DockerNetwork): boolean {
  const own = parseRange(subnet);
  return ranges.some((range) => {
    const network = parseRange(range.subnet);
    return "value" in own && "value" in network && containsAddress(own.value, network.value.first);
  });
}

function closedBecause({ internal, driver }: DockerNetwork): string | undefined {
  if (internal) return "internal, not meant to be reached";
  return driver === "bridge" ? undefined : `of the driver ${driver}, which the host does not route to`;
}

/** The oldest container, of those in no other network where there is one: its packets leave by this network. */
function containerIn(
  { id, bridge }: DockerNetwork,
  attachments: readonly Attachment[],
): Namespace | undefined {
  const here = attachments.filter(({ networkId }) => networkId === id);
  const chosen = here.findLast(({ networks }) => networks === 1) ?? here.at(-1);
  if (chosen === undefined || bridge === undefined) return undefined;
  const { container: name, pid, address } = chosen;
  return { container: { name, pid }, address, bridge };
}

/** The last address of the bridge's block: Docker gives the first ones. */
function standInAddress({ bridgeAddress }: HostPlan): string {
  const parsed = parseInterface(bridgeAddress);
  if ("reason" in parsed) throw new Error(parsed.reason);
  return printAddress(addressAt(parsed.value.range, -1n));
}
