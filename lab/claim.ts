import { join } from "node:path";
import { cacheFolder, locked, stateFolder } from "./folders.js";
import { type Image, isVm } from "./images.js";
import { addressIn, farNetwork, knownDestinations, macOf } from "./network.js";
import { imageWith, type OptionName, optionsOf } from "./options.js";
import type { Log } from "./run.js";
import { type HostState, type LabState, labPrefixes, readState, writeState } from "./state.js";
import { cableFiles } from "./vm-disk.js";

export interface HostSpec {
  /** [a-z0-9-], as long as a host name may be; not "switch". */
  readonly name: string;
  /** A row of images.ts; more packages are added with plus signs: "docker26+firewalld". */
  readonly image: string;
  /** Contents of /etc/docker/daemon.json at the first boot; without it the image's own, mostly no such file. */
  readonly daemonJson?: string | object;
  /** More files, by their path without the first slash, put there before the first boot. */
  readonly files?: Readonly<Record<string, string>>;
  /** Rows of options.ts: a firewall, the manager of its network card, keys of daemon.json. */
  readonly options?: readonly OptionName[];
  /** The name of its network interface; default eth0. */
  readonly interface?: string;
  /** Its card is in another network, with a router between it and the hosts of the first one. */
  readonly farSite?: boolean;
}

export interface LabOptions {
  /** [a-z0-9], at most 9: names of namespaces, machines and one interface begin with it. */
  readonly prefix: string;
  readonly hosts: readonly HostSpec[];
  /** The wire's /24; default: the first of 10.213.0.0/16 that no other lab and no route of the machine has. */
  readonly subnet?: string;
  readonly log?: Log;
  /** Leaves a lab that did not come up as it is, to be looked at. */
  readonly keepOnFailure?: boolean;
}

/** The image that a host stands on, with what its options take. */
export const imageOf = (spec: HostSpec): string => imageWith(spec.image, spec.options);

const daemonJson = "etc/docker/daemon.json";

export function filesOf(
  lab: LabState,
  host: HostState,
  spec: HostSpec | undefined,
  image: Image | undefined,
): Record<string, string> {
  const options = optionsOf(spec?.options);
  const keys = Object.assign({}, ...options.flatMap((option) => option.daemonJson ?? []));
  const given = spec?.daemonJson ?? spec?.files?.[daemonJson] ?? image?.files[daemonJson];
  const json = Object.keys(keys).length === 0 ? given : { ...parsed(given), ...keys };
  const daemon = typeof json === "object" ? `${JSON.stringify(json, null, 2)}\n` : json;
  return {
    ...image?.files,
    ...(host.vm === true ? cableFiles(lab, host) : {}),
    ...Object.assign({}, ...options.map(({ files }) => files?.(lab, host))),
    ...spec?.files,
    ...(daemon === undefined ? {} : { [daemonJson]: daemon }),
  };
}

function parsed(json: string | object | undefined): object {
  return typeof json === "string" ? (JSON.parse(json) as object) : (json ?? {});
}

export const allLabs = (): LabState[] => labPrefixes().flatMap((prefix) => readState(prefix) ?? []);

export function checkNames(options: LabOptions): void {
  if (!/^[a-z0-9]{1,9}$/.test(options.prefix))
    throw new Error(`prefix "${options.prefix}": 1 to 9 of [a-z0-9]`);
  const names = options.hosts.map((host) => host.name);
  const bad = names.find((name) => !/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name) || name === "switch");
  if (bad !== undefined) throw new Error(`"${bad}" cannot be a host's name`);
  if (new Set(names).size !== names.length) throw new Error("two hosts have one name");
  if (names.length === 0 || names.length > 180) throw new Error("a lab has 1 to 180 hosts");
}

/** Takes a slot that no other lab has, and writes down what will be made before any of it is. */
export async function claim(
  options: LabOptions,
  images: ReadonlyMap<string, Image>,
  signal: AbortSignal,
): Promise<LabState> {
  const work = async (): Promise<LabState> => {
    const others = allLabs();
    const taken = new Set([...others.map((lab) => lab.subnet), ...(await knownDestinations())]);
    const slots = Array.from({ length: 254 }, (_, index) => index + 1);
    const free = slots.filter((slot) => !others.some((lab) => lab.slot === slot));
    const slot = free.find((one) => options.subnet !== undefined || !taken.has(`10.213.${one}.0/24`));
    if (slot === undefined) throw new Error("no free network for one more lab");
    const subnet = options.subnet ?? `10.213.${slot}.0/24`;
    if (taken.has(subnet)) throw new Error(`${subnet} is in use`);
    const hosts = options.hosts.map((host, position): HostState => {
      const rows = optionsOf(host.options);
      const mtu = rows.find((row) => row.mtu !== undefined)?.mtu;
      return {
        name: host.name,
        image: host.image,
        suite: images.get(imageOf(host))?.suite ?? "",
        layers: images.get(imageOf(host))?.layers ?? [],
        index: position + 1,
        address: addressIn(host.farSite === true ? farNetwork(slot) : subnet, position + 11),
        mac: macOf(slot, position + 1),
        interface: host.interface ?? "eth0",
        ...(rows.some(({ bareCard }) => bareCard) ? { bareCard: true } : {}),
        ...(rows.some(({ leased }) => leased) ? { leased: true } : {}),
        ...(rows.some(({ secondCard }) => secondCard) ? { secondCard: true } : {}),
        ...(host.farSite === true ? { farSite: true } : {}),
        ...(mtu === undefined ? {} : { mtu }),
        ...(isVm(host.image) ? { vm: true } : {}),
      };
    });
    const state = {
      prefix: options.prefix,
      slot,
      subnet,
      folder: cacheFolder("labs", options.prefix),
      hosts,
      strangers: [],
    };
    writeState(state);
    return state;
  };
  return locked(join(stateFolder, ".lock"), work, signal);
}
