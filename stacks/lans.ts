/** The keys `dockroute:lans` and `lans` of a host: containers on the hosts' own networks. */
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import {
  type LanConfig,
  type LanHost,
  type LanPlan,
  type LansConfig,
  lanDrivers,
  lanPlan,
} from "../provider/plan/index.js";
import { DockerBridge } from "../provider/shells/dynamic/classes/docker-bridge.js";
import { LanNetwork } from "../provider/shells/dynamic/classes/lan-network.js";
import { PeerRoute } from "../provider/shells/dynamic/classes/peer-route.js";
import { type Faults, planned } from "./faults.js";
import { check, lansOfHost } from "./schema.js";
import { field } from "./source.js";

const isMissing = (what: string) => ({
  error: ({ input }: { readonly input?: unknown }) =>
    input === undefined
      ? "is missing"
      : `${typeof input === "object" ? "a list or an object" : JSON.stringify(input)} is refused: ${what} is allowed`,
});
const text = z.string(isMissing("text"));
const number = z.number(isMissing("a number"));
const truth = z.boolean(isMissing("true or false"));

const lan = z.strictObject({
  name: text,
  driver: z.enum(lanDrivers, isMissing(lanDrivers.join(", "))),
  subnet: text,
  gateway: text.optional(),
  range: text.optional(),
  hostPrefix: number,
  exclude: z.array(text).optional(),
  vlan: number.optional(),
  parent: text.optional(),
  hostAccess: truth.optional(),
  moveContainers: truth.optional(),
  hosts: z.array(text).optional(),
});

/** A LAN as the config has it. */
type StackLan = LanConfig & Pick<z.infer<typeof lan>, "moveContainers">;

export interface StackLans {
  /** In the order of the config. */
  readonly lans: readonly StackLan[];
  readonly plan: LanPlan;
  /** By host name. */
  readonly parents: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/**
 * @param values by full key
 * @returns undefined if there is a fault
 */
export function readLans(
  values: Readonly<Record<string, unknown>>,
  previous: LanPlan | undefined,
  faults: Faults,
): StackLans | undefined {
  const key = "dockroute:lans";
  const raw = values[key] ?? [];
  if (!Array.isArray(raw)) {
    faults.add({
      property: key,
      reason: "is not a list: a list of { name, driver, subnet, hostPrefix, ... } is needed",
    });
    return undefined;
  }
  const lans = raw.map((one: unknown, at) => check(lan, one, `${key}[${at}]`, faults));
  const good = lans.flatMap((one) => (one === undefined ? [] : [one]));
  const hosts = readHosts(values["dockroute:hosts"]);
  if (good.length < lans.length) return undefined;
  const pool = values["dockroute:pool"];
  const plan = tryPlan({ lans: good, hosts, ...(typeof pool === "string" && { pool }) }, previous, faults);
  if (plan === undefined) return undefined;
  return { lans: good, plan, parents: parentsOf(good, hosts) };
}

/** Entries with a fault are left out: the reader of hosts tells it. */
function readHosts(value: unknown): readonly LanHost[] {
  const form = z.object({ name: z.string(), address: z.string(), lans: lansOfHost });
  return (Array.isArray(value) ? value : []).map((raw: unknown) => {
    const { data } = form.safeParse(raw);
    const lans = data?.lans;
    return { name: data?.name ?? "", address: data?.address ?? "", ...(lans === undefined ? {} : { lans }) };
  });
}

function tryPlan(config: LansConfig, previous: LanPlan | undefined, faults: Faults): LanPlan | undefined {
  if (config.lans.length === 0 && config.hosts.every(({ lans }) => lans === undefined)) return {};
  return planned(() => lanPlan(config, previous), faults);
}

function parentsOf(lans: readonly LanConfig[], hosts: readonly LanHost[]): StackLans["parents"] {
  const all = lans.map(({ name, parent }) => {
    const own = hosts.flatMap((host) => {
      const link = field(field(host.lans, name), "parent") ?? parent;
      return typeof link === "string" ? [[host.name, link] as const] : [];
    });
    return [name, Object.fromEntries(own)] as const;
  });
  return Object.fromEntries(all);
}

interface Declared {
  readonly lans: StackLans;
  readonly hosts: readonly { readonly name: string; readonly endpoint: string }[];
}

/**
 * A LanNetwork for each host of each LAN, after the host's bridge, which may restart Docker; and the routes of
 * `ipvlan-l3` to the pieces of all other hosts.
 *
 * @param mesh the resources of the mesh, with one DockerBridge for each host in the order of `hosts`
 */
export function declareLans(
  { lans, hosts }: Declared,
  mesh: readonly pulumi.Resource[],
): readonly pulumi.Resource[] {
  const bridges = mesh.filter((each) => each instanceof DockerBridge);
  return lans.lans.flatMap((one) => {
    const pieces = Object.entries(lans.plan[one.name] ?? {});
    const networks = new Map(
      hosts.flatMap(({ name: host, endpoint }, at) => {
        const piece = pieces.find(([name]) => name === host)?.[1];
        const bridge = bridges[at];
        if (piece === undefined) return [];
        const parent = lans.parents[one.name]?.[host];
        const { name, driver, gateway, vlan, hostAccess, moveContainers } = one;
        const args = {
          ...{ host, endpoint, name, driver, gateway, vlan, parent, hostAccess, moveContainers },
          ...{ address: piece.address, range: piece.range, reserved: piece.reserved },
          subnet: driver === "ipvlan-l3" ? piece.range : one.subnet,
        };
        const options = bridge === undefined ? {} : { dependsOn: [bridge] };
        return [[host, new LanNetwork(`${host}-lan-${name}`, args, options)] as const];
      }),
    );
    return [
      ...networks.values(),
      ...(one.driver === "ipvlan-l3" ? declareRoutes(one.name, pieces, hosts, networks) : []),
    ];
  });
}

function declareRoutes(
  lanName: string,
  pieces: readonly [string, LanPlan[string][string]][],
  hosts: Declared["hosts"],
  networks: ReadonlyMap<string, LanNetwork>,
): readonly pulumi.Resource[] {
  return hosts
    .filter(({ name }) => networks.has(name))
    .flatMap(({ name: host, endpoint }) =>
      pieces
        .filter(([peer]) => peer !== host)
        .map(
          ([peer, { range: destination, address: gateway }]) =>
            new PeerRoute(
              `${host}-lan-${lanName}-to-${peer}`,
              { host, endpoint, peer, destination, gateway },
              { dependsOn: [host, peer].flatMap((name) => networks.get(name) ?? []) },
            ),
        ),
    );
}
