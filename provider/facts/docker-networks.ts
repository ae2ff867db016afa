/** The networks that Docker has on a host, default and user-defined, as `docker network inspect` describes them. */
import { z } from "zod";
import { asset } from "../engine/asset.js";
import { type Answer, type Command, type Line, readOnce } from "../engine/command.js";
import { fact } from "../engine/fact.js";
import { type Family, v4, v6 } from "../plan/family.js";
import { parseJson } from "./json-answer.js";

/** One line of JSON for each network. The options and the ranges stay as Docker prints them. */
const line =
  '{"id":{{json .ID}},"name":{{json .Name}},"driver":{{json .Driver}},"scope":{{json .Scope}},"internal":{{json .Internal}},' +
  '"ingress":{{json .Ingress}},"ranges":{{json .IPAM.Config}},"options":{{json .Options}},"containers":{{len .Containers}}}';

/**
 * `docker network inspect` takes ids only, so the shell lists them first: two runs of Docker's program, or three questions
 * to its socket.
 */
export const question: Command = {
  why: "ask Docker which networks it has",
  argv: [
    ...["sh", "-c", 'ids=$(docker network ls -q) || exit; docker network inspect --format "$1" $ids', "sh"],
    line,
  ],
  quick: ["networks"],
  lasting: true,
};

/** Running containers with the networks that each is in, a line of JSON each. Two runs of Docker's program. */
const attachedQuestion: Command = {
  why: "ask Docker which container is in which network",
  argv: [
    ...["sh", "-c", 'ids=$(docker ps -q) || exit; [ -z "$ids" ] || docker inspect --format "$1" $ids', "sh"],
    '{"pid":{{.State.Pid}},"name":{{json .Name}},"networks":{{json .NetworkSettings.Networks}}}',
  ],
};

/** Docker's own word for what a gateway does (Docker 27 and later): "nat" is the default. */
export type GatewayMode = "nat" | "routed" | "nat-unprotected" | "isolated";

export interface DockerNetwork {
  /** 64 hexadecimal digits; 25 letters and digits for a network of a swarm. */
  readonly id: string;
  readonly name: string;
  /** "bridge", "macvlan", "ipvlan", "overlay", "host", "null", or a plugin's name. */
  readonly driver: string;
  /** The Linux bridge on the host. Only networks of the driver "bridge" have one. */
  readonly bridge?: string;
  /** True for the network that a container joins when it names none. */
  readonly isDefault: boolean;
  /** IPv4 and IPv6, in Docker's order. */
  readonly ranges: readonly NetworkRange[];
  /** An internal network has no way out and, by Docker's rules, none in. */
  readonly internal: boolean;
  readonly gatewayMode: { readonly ipv4: GatewayMode; readonly ipv6: GatewayMode };
  /** Docker masquerades what leaves this network. */
  readonly masquerades: boolean;
  /** The address that Docker gives as source to what leaves, in place of masquerading (`host_ipv4`). */
  readonly sourceIpv4?: string;
  /** The address of the host on which ports are published, unless a container names one. */
  readonly bindingIpv4?: string;
  /** Containers of this network may talk to each other. */
  readonly icc: boolean;
  /** "local" for this host alone, "swarm" for a network that a swarm manages. */
  readonly scope: string;
  /** A swarm's network for published ports. */
  readonly ingress: boolean;
  /** Running containers in it. */
  readonly containers: number;
}

export interface NetworkRange {
  /** "172.30.17.0/24" */
  readonly subnet: string;
  /** The bridge's own address: "172.30.17.1". */
  readonly gateway?: string;
}

const network = z.object({
  id: z.string().min(1),
  name: z.string(),
  driver: z.string(),
  scope: z.string(),
  internal: z.boolean(),
  ingress: z.boolean(),
  ranges: z.array(z.object({ Subnet: z.string().optional(), Gateway: z.string().optional() })).nullable(),
  options: z.record(z.string(), z.string()).nullable(),
  containers: z.number(),
});

/** The same as Docker's API gives it to batch.pl. */
const ofApi = z
  .object({
    ...{ Id: z.string().min(1), Name: z.string(), Driver: z.string(), Scope: z.string() },
    ...{ Internal: z.boolean(), Ingress: z.boolean(), IPAM: z.object({ Config: network.shape.ranges }) },
    ...{ Options: network.shape.options, Containers: z.record(z.string(), z.unknown()).nullish() },
  })
  .transform(
    (found): z.infer<typeof network> => ({
      ...{ id: found.Id, name: found.Name, driver: found.Driver, scope: found.Scope },
      ...{ internal: found.Internal, ingress: found.Ingress, ranges: found.IPAM.Config },
      ...{ options: found.Options, containers: Object.keys(found.Containers ?? {}).length },
    }),
  );
const described = z.union([network, ofApi]);

/** A running container in one of its networks. */
export interface Attachment {
  /** The container's first process, as the host counts. */
  readonly pid: number;
  /** The container's name. */
  readonly container: string;
  readonly networkId: string;
  /** Its IPv4 address there. */
  readonly address: string;
  /** The number of the container's networks: its default route leads through one of them. */
  readonly networks: number;
}

const attached = z.object({
  pid: z.number().int().positive(),
  name: z.string(),
  networks: z.record(z.string(), z.object({ NetworkID: z.string(), IPAddress: z.string() })).nullable(),
});

/** Docker's order: the newest container first. */
function readAttachments({ stdout }: Answer): readonly Attachment[] {
  return stdout.split("\n").flatMap((text) => {
    const { data } = attached.safeParse(parseJson(text));
    const all = Object.values(data?.networks ?? {});
    return all.flatMap(({ NetworkID, IPAddress }): Attachment[] => {
      if (data === undefined || IPAddress === "") return [];
      const container = data.name.replace(/^\//, "");
      return [{ pid: data.pid, container, networkId: NetworkID, address: IPAddress, networks: all.length }];
    });
  });
}

/** `undefined` where no Docker answered: no program, no daemon, or Podman under Docker's name. */
export const read = readOnce((answer: Answer): { readonly all: readonly DockerNetwork[] | undefined } => {
  const all = answer.stdout.split("\n").flatMap((text) => {
    const { data } = described.safeParse(parseJson(text));
    return data === undefined ? [] : [networkOf(data)];
  });
  // Every daemon has the networks "host" and "none". A network removed between list and inspect ends the
  // program with 1 all the same, so the exit status does not tell.
  return { all: all.length === 0 ? undefined : all };
});

/** Docker's networks; undefined if no Docker answered. */
export const networks = fact([question], (answer) => read(answer).all);
export const attachments = fact([attachedQuestion], readAttachments);

const prefix = "com.docker.network";

/**
 * Puts each bridge of the host into a set of our nft tables when it runs: into `open` if Docker itself lets everybody
 * into that network (the gateway modes "routed" and "nat-unprotected") or if it is not Docker's, otherwise into
 * `guarded`.
 */
export function fillSets(sets: { readonly open: string; readonly guarded: string }, table: string): Line {
  const modeOfFamily = (version: "4" | "6") =>
    `{{$mode := index .Options "${prefix}.bridge.gateway_mode_ipv${version}"}}`;
  const isOpen = '{{if or (eq $mode "routed") (eq $mode "nat-unprotected")}}';
  const element = ({ nft }: Family, version: "4" | "6") =>
    `${modeOfFamily(version)}add element ${nft} ${table} ${isOpen}${sets.open}{{else}}${sets.guarded}{{end}} { "{{$name}}" }; `;
  const name = `{{$name := printf "br-%.12s" .ID}}{{with index .Options "${prefix}.bridge.name"}}{{$name = .}}{{end}}`;
  const template = `${name}${element(v4, "4")}${element(v6, "6")}`;
  const script = asset("facts/docker-bridges.sh");
  return { argv: ["sh", "-c", script, "sh", table, sets.open, sets.guarded, template], mayFail: true };
}

function networkOf(data: z.infer<typeof network>): DockerNetwork {
  const { id, name, driver, scope, internal, ingress, containers } = data;
  const options = new Map(Object.entries(data.options ?? {}));
  const text = (key: string) => options.get(`${prefix}.${key}`);
  const flag = (key: string, otherwise: boolean) => boolOf(text(key), otherwise);
  const bridge = driver === "bridge" ? (text("bridge.name") ?? `br-${id.slice(0, 12)}`) : undefined;
  const [sourceIpv4, bindingIpv4] = [text("host_ipv4"), text("bridge.host_binding_ipv4")];
  return {
    ...{ id, name, driver, scope, internal, ingress, containers },
    ...(bridge === undefined ? {} : { bridge }),
    isDefault: flag("bridge.default_bridge", false),
    ranges: (data.ranges ?? []).flatMap(({ Subnet, Gateway }): NetworkRange[] => {
      if (!Subnet) return [];
      return [{ subnet: Subnet, ...(Gateway ? { gateway: Gateway } : {}) }];
    }),
    gatewayMode: {
      ipv4: modeOf(text("bridge.gateway_mode_ipv4")),
      ipv6: modeOf(text("bridge.gateway_mode_ipv6")),
    },
    masquerades: flag("bridge.enable_ip_masquerade", driver === "bridge"),
    ...(sourceIpv4 === undefined ? {} : { sourceIpv4 }),
    ...(bindingIpv4 === undefined ? {} : { bindingIpv4 }),
    icc: flag("bridge.enable_icc", true),
  };
}

/** An empty option means the default. */
function modeOf(text: string | undefined): GatewayMode {
  return text === "routed" || text === "nat-unprotected" || text === "isolated" ? text : "nat";
}

/** Docker reads options by Go's strconv.ParseBool. */
function boolOf(text: string | undefined, otherwise: boolean): boolean {
  if (text === undefined || text === "") return otherwise;
  return /^(1|t|T|true|TRUE|True)$/.test(text);
}
