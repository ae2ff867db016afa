/** Docker's networks with all that makes them what they are, and the containers that hang on one of them. */
import { z } from "zod";
import { asset } from "../engine/asset.js";
import { type Answer, type Command, readOnce } from "../engine/command.js";
import { factFor } from "../engine/fact.js";
import { parseAddress, parseInterface, printAddress, printRange } from "../plan/cidr.js";
import { parseJson } from "./json-answer.js";

/** The label of each network that dockroute makes: its holder in words, "alpha/lan/web of mesh/production". */
export const label = "dockroute";

const line =
  '{"id":{{json .ID}},"name":{{json .Name}},"driver":{{json .Driver}},"labels":{{json .Labels}},' +
  '"options":{{json .Options}},"ranges":{{json .IPAM.Config}}}';

/** To batch.pl it is the same question as that for all networks. */
const question: Command = {
  why: "ask Docker what its networks are made of",
  argv: [
    ...["sh", "-c", 'ids=$(docker network ls -q) || exit; docker network inspect --format "$1" $ids', "sh"],
    line,
  ],
  quick: ["networks"],
};

export interface MadeNetwork {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  /** The words of dockroute's label. undefined if somebody else made it. */
  readonly holder?: string;
  readonly options: Readonly<Record<string, string>>;
  readonly ranges: readonly MadeRange[];
}

/** The addresses of a network in normal form. Docker 20 keeps host bits as they were given. */
export interface MadeRange {
  readonly subnet: string;
  readonly range?: string;
  readonly gateway?: string;
  /** Sorted. */
  readonly reserved: readonly string[];
}

const strings = z.record(z.string(), z.string()).nullish();
const ranges = z
  .array(
    z.object({
      ...{ Subnet: z.string().optional(), IPRange: z.string().optional(), Gateway: z.string().optional() },
      AuxiliaryAddresses: strings,
    }),
  )
  .nullish();
const network = z.object({
  ...{ id: z.string().min(1), name: z.string(), driver: z.string() },
  ...{ labels: strings, options: strings, ranges },
});
/** The same as Docker's API gives it to batch.pl. */
const ofApi = z
  .object({
    ...{ Id: z.string().min(1), Name: z.string(), Driver: z.string() },
    ...{ Labels: strings, Options: strings, IPAM: z.object({ Config: ranges }) },
  })
  .transform(
    (found): z.infer<typeof network> => ({
      ...{ id: found.Id, name: found.Name, driver: found.Driver },
      ...{ labels: found.Labels, options: found.Options, ranges: found.IPAM.Config },
    }),
  );
const described = z.union([network, ofApi]);

const read = readOnce((answer: Answer): { readonly all: readonly MadeNetwork[] | undefined } => {
  const all = answer.stdout.split("\n").flatMap((text) => {
    const { data } = described.safeParse(parseJson(text));
    return data === undefined ? [] : [networkOf(data)];
  });
  // Every daemon has the networks "host" and "none".
  return { all: all.length === 0 ? undefined : all };
});

function networkOf({ labels, options, ranges: all, ...data }: z.infer<typeof network>): MadeNetwork {
  const holder = labels?.[label];
  return {
    ...{ id: data.id, name: data.name, driver: data.driver, options: options ?? {} },
    ...(holder === undefined ? {} : { holder }),
    ranges: (all ?? []).flatMap(({ Subnet, IPRange, Gateway, AuxiliaryAddresses }): MadeRange[] => {
      if (!Subnet) return [];
      return [
        {
          subnet: normal(Subnet),
          ...(IPRange ? { range: normal(IPRange) } : {}),
          ...(Gateway ? { gateway: Gateway } : {}),
          reserved: sorted(Object.values(AuxiliaryAddresses ?? {})),
        },
      ];
    }),
  };
}

function normal(text: string): string {
  const parsed = parseInterface(text);
  return "value" in parsed ? printRange(parsed.value.range) : text;
}

/** Addresses in the order of their numbers. */
export function sorted(texts: readonly string[]): readonly string[] {
  const all = texts.flatMap((text) => {
    const parsed = parseAddress(text);
    return "value" in parsed ? [parsed.value] : [];
  });
  return all.sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0)).map(printAddress);
}

/** Docker's networks; undefined if no Docker answered. */
export const madeNetworks = factFor(
  () => [question],
  ([answer]) => (answer === undefined ? undefined : read(answer).all),
);

/** The question in the words of an error. */
export const asked = "docker network inspect";

/** A container that hangs on a network by its name, running or not. */
export interface Hanging {
  readonly container: string;
  /** The network to which Docker bound it; another one than that of this name if the network was made anew. "" before its first start. */
  readonly networkId: string;
}

/** Containers of all states. Docker keeps a stopped container's networks by name, and binds them by id. */
function hangingQuestion(name: string): Command {
  return {
    why: `ask Docker which containers hang on ${name}`,
    argv: ["sh", "-c", asset("facts/docker-hanging.sh"), "sh", name],
  };
}

const hangingLine = z.object({ container: z.string(), networkId: z.string() });

export const hanging = factFor(
  ({ name }: { readonly name: string }) => [hangingQuestion(name)],
  ([answer]): readonly Hanging[] =>
    (answer?.stdout ?? "").split("\n").flatMap((text) => {
      const { data } = hangingLine.safeParse(parseJson(text));
      return data === undefined ? [] : [{ ...data, container: data.container.replace(/^\//, "") }];
    }),
);

/** A network as Docker makes it. */
export interface NewNetwork {
  readonly name: string;
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
  readonly range: MadeRange;
  readonly holder?: string | undefined;
}

/** The words after `docker network create`. */
function wordsOf({ name, driver, options, range, holder }: NewNetwork): readonly string[] {
  const { subnet, range: part, gateway, reserved } = range;
  return [
    ...["-d", driver, "--subnet", subnet],
    ...(gateway === undefined ? [] : ["--gateway", gateway]),
    ...(part === undefined ? [] : ["--ip-range", part]),
    ...reserved.flatMap((address, at) => ["--aux-address", `dockroute${at}=${address}`]),
    ...Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`]),
    ...(holder === undefined ? [] : ["--label", `${label}=${holder}`]),
    name,
  ];
}

/**
 * Makes a network, in place of the one with this name if there is one. Docker cannot change a network, so all containers
 * on it are taken off and put on again, with their static addresses and aliases. If Docker refuses the new network, the
 * old one is made again.
 *
 * Containers that hang on a network of this name that is no more cannot start; they are put on the new one as well.
 */
export function makeNetwork(wanted: NewNetwork, old: NewNetwork | undefined, why: string): Command {
  return {
    why,
    argv: ["sh", "-c", asset("facts/docker-network.sh"), "sh", wanted.name, ...wordsOf(wanted)],
    ...(old === undefined ? {} : { stdin: `${wordsOf(old).join("\n")}\n` }),
  };
}

/** Puts containers on the network of this name that Docker bound to one that is no more. */
export function bindAgain(name: string, why: string): Command {
  return { why, argv: ["sh", "-c", asset("facts/docker-network.sh"), "sh", name] };
}

export function removeNetwork(name: string): Command {
  return { why: `remove Docker's network ${name}`, argv: ["docker", "network", "rm", name] };
}
