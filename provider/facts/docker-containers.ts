/** The containers that Docker has on a host, as `docker inspect` describes them. */
import { z } from "zod";
import { asset } from "../engine/asset.js";
import { type Answer, type Command, readOnce } from "../engine/command.js";
import { costly } from "../engine/fact.js";
import { parseJson } from "./json-answer.js";

/** It runs Docker's program twice. */
const question: Command = {
  why: "ask Docker which containers it has",
  argv: ["sh", "-c", asset("facts/docker-containers.sh")],
};

export interface Container {
  readonly name: string;
  /** True if Docker starts it again after its own restart. */
  readonly returns: boolean;
  /** The reason of its failed start, in Docker's own words. */
  readonly error?: string;
  readonly published: readonly Publication[];
  /** The addresses of `--dns`. */
  readonly dns: readonly string[];
  /** The names and addresses of `--add-host`: "db:172.17.0.1". */
  readonly hosts: readonly string[];
  /** The environment's variables that hold docker0's address. */
  readonly variables: readonly string[];
}

/** A port of the host on which a container is published, with the address if the container names one. */
export interface Publication {
  readonly address: string;
  /** "5432", or "8000-8010"; "" if Docker chooses it. */
  readonly port: string;
}

/** The containers that run. */
export const running = costly([question], (answer) => read(answer).running);
/** All others. */
export const stopped = costly([question], (answer) => read(answer).stopped);

const bound = z.object({ HostIp: z.string(), HostPort: z.string() });
const line = z.object({
  name: z.string(),
  policy: z.string(),
  running: z.boolean(),
  error: z.string(),
  ports: z.record(z.string(), z.array(bound).nullable()).nullable(),
  dns: z.array(z.string()).nullable(),
  hosts: z.array(z.string()).nullable(),
  variables: z.array(z.string().nullable()),
});

const read = readOnce((answer: Answer) => {
  const all = answer.stdout.split("\n").flatMap((text) => {
    const { data } = line.safeParse(parseJson(text));
    return data === undefined ? [] : [data];
  });
  const which = (isRunning: boolean): readonly Container[] =>
    all.filter(({ running }) => running === isRunning).map(containerOf);
  return { running: which(true), stopped: which(false) };
});

function containerOf({ policy, error, ports, ...data }: z.infer<typeof line>): Container {
  return {
    name: data.name.replace(/^\//, ""),
    // A container that a person stopped comes back with "always", and not with "unless-stopped".
    returns: policy === "always" || (policy === "unless-stopped" && data.running),
    ...(error === "" ? {} : { error }),
    published: Object.values(ports ?? {}).flatMap((each) =>
      (each ?? []).map(({ HostIp, HostPort }) => ({ address: HostIp, port: HostPort })),
    ),
    dns: data.dns ?? [],
    hosts: data.hosts ?? [],
    variables: data.variables.filter((name) => name !== null),
  };
}
