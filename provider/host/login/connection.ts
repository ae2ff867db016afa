import { isIPv6 } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Fault } from "../../engine/errors/fault.js";
import { pathOf } from "../../engine/printable.js";
import { Secret } from "./secret.js";

const secret = z
  .string()
  .min(1, "is empty")
  .transform((text) => new Secret(text));
const seconds = z.number("is to be a number of seconds").min(0, "is a number of seconds, 0 or more");
/** The characters that a resource accepts in `user@host:port`: none that a shell or a terminal would interpret. */
const userName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'is no user: letters, digits, "_", "." and "-" are allowed');
const hostName = z
  .string()
  .refine(
    (text) => isIPv6(text) || /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(text),
    'is no host: an address, or a name of letters, digits, "_", "." and "-"',
  );
const path = z.string().min(1, "is empty").transform(expandHome);

/** The fields of a connection that let somebody in. */
export const credentialFields = ["password", "privateKey", "privateKeyPassword"] as const;

/** The fields of @pulumi/command's ConnectionArgs under the same names, and more. All are optional here: levels are merged. */
const hopFields = {
  host: hostName.optional(),
  port: z.number().int("is to be a whole number").min(1).max(65535).optional(),
  user: userName.optional(),
  password: secret.optional(),
  privateKey: secret.optional(),
  privateKeyFile: path.optional(),
  privateKeyPassword: secret.optional(),
  agentSocketPath: path.optional(),
  /** Pins the host key: lines as in authorized_keys ("ssh-ed25519 AAAA..."), or "SHA256:...". */
  hostKey: z.string().min(1, "is empty").optional(),
  knownHostsFile: path.optional(),
  /** The number of tries of a dial that may succeed later; -1 for ever. */
  dialErrorLimit: z.number().int("is to be a whole number").min(-1).optional(),
  /** Seconds for one dial, from the first packet to the login; 0 without limit. */
  perDialTimeout: seconds.optional(),
};
const hop = z.strictObject({ ...hopFields, host: hostName }).meta({ id: "Hop" });

const written = z.strictObject({
  ...hopFields,
  /** Seconds that a running command may print nothing; 0 is no limit. */
  idleTimeout: seconds.optional(),
  /** Seconds that one exec may take; 0 is no limit. */
  totalTimeout: seconds.optional(),
  /** The hop, or the hops in order, through which the host is reached. */
  proxy: z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(hop)).optional(),
});

/** The same as a program writes it. Several languages have no union of one hop and a list of them, so their programs write a list. */
export const connectionForm = z
  .strictObject({ ...written.shape, host: hostName, proxy: z.array(hop).optional() })
  .meta({ id: "Connection" });

/** Settings that only OpenSSH's own files have. */
interface FromSsh {
  /** The alias of the host, where ssh connects to another name. */
  readonly alias?: string;
  /** Private keys, tried in this order; missing and locked ones are skipped. */
  readonly identities?: readonly string[];
  /** Files of certificates, beside those that are named after their keys. */
  readonly certificates?: readonly string[];
  /** Of an agent, only the keys of `identities`. */
  readonly identitiesOnly?: boolean;
  readonly knownHostsFiles?: readonly string[];
  /** In place of the system's own. */
  readonly globalKnownHostsFiles?: readonly string[];
  /** The name in known hosts files. */
  readonly hostKeyAlias?: string;
}

/** One level of a connection as it was written: in a host's entry, in the defaults, by a program or in ssh's files. */
export type Written = Omit<z.output<typeof written>, "proxy"> &
  FromSsh & { readonly proxy?: readonly Hop[] | undefined };
type Hop = z.output<typeof hop> & FromSsh;

const defaults = {
  port: 22,
  user: "root",
  knownHostsFile: "~/.ssh/known_hosts",
  dialErrorLimit: 3,
  perDialTimeout: 15,
  idleTimeout: 180,
  totalTimeout: 900,
};

/** The connection to one host: all levels merged. */
export type Connection = Omit<Written, keyof typeof defaults | "host" | "proxy"> &
  Readonly<typeof defaults> & { readonly host: string; readonly proxy: readonly Connection[] };

/** Reads one level, or reports all its faults, each with its path: "dockroute:connection.prot". */
export function readConnection(raw: unknown, at: string): { connection: Written } | { faults: Fault[] } {
  const read = written.safeParse(raw ?? {});
  if (read.success) return { connection: read.data };
  return { faults: read.error.issues.flatMap((issue) => faultsOf(issue, at)) };
}

function faultsOf(issue: z.core.$ZodIssue, at: string): Fault[] {
  const where = pathOf(issue.path, at);
  if (issue.code !== "unrecognized_keys") return [{ property: where, reason: issue.message }];
  // The value of an unknown key is never shown: it may be a password under a mistyped name.
  return issue.keys.map((key) => ({
    property: `${where}.${key}`,
    reason: `is not known; known are ${Object.keys(written.shape).join(", ")}`,
  }));
}

/** Alternatives: a level that uses one of them does not inherit the others. */
const alternatives: readonly (readonly (keyof Written)[])[] = [
  ["privateKey", "privateKeyFile", "identities"],
  ["hostKey", "knownHostsFile", "knownHostsFiles"],
];

/** Levels over one another, the strongest first. */
export function mergeConnections(...levels: readonly Written[]): Written {
  return levels.reduceRight<Written>((below, level) => {
    const hidden = alternatives.filter((group) => group.some((key) => level[key] !== undefined)).flat();
    const kept = Object.entries(below).filter(([key]) => !hidden.some((name) => name === key));
    const said = Object.entries(level).filter(([, value]) => value !== undefined);
    return Object.fromEntries([...kept, ...said]);
  }, {});
}

/** The level with every default in place, for this address. */
export function completeConnection(level: Written, address: string): Connection {
  const { proxy, ...own } = level;
  return {
    ...withDefaults({ ...own, host: address }),
    proxy: (proxy ?? []).map((each) => ({ ...withDefaults(each), proxy: [] })),
  };
}

function withDefaults(level: Omit<Written, "proxy" | "host"> & Hop): Omit<Connection, "proxy"> {
  return {
    ...level,
    port: level.port ?? defaults.port,
    user: level.user ?? defaults.user,
    knownHostsFile: level.knownHostsFile ?? defaultKnownHosts(),
    dialErrorLimit: level.dialErrorLimit ?? defaults.dialErrorLimit,
    perDialTimeout: level.perDialTimeout ?? defaults.perDialTimeout,
    idleTimeout: level.idleTimeout ?? defaults.idleTimeout,
    totalTimeout: level.totalTimeout ?? defaults.totalTimeout,
  };
}

/** The endpoint that ssh connects to, `user@host:port`, with an IPv6 address in brackets. Holds no secret. */
export function endpointOf(
  connection: Pick<Written, "host" | "port" | "user"> | undefined,
  address: string,
): string {
  const host = connection?.host ?? address;
  const port = connection?.port ?? defaults.port;
  return `${connection?.user ?? defaults.user}@${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

export interface Endpoint {
  readonly user: string;
  readonly host: string;
  readonly port: number;
}

/** The parts of an endpoint, or undefined where the text is none. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const parts = /^(?<user>[^@]+)@(?:\[(?<six>[^\]]+)\]|(?<host>[^:[\]@]+)):(?<port>\d{1,5})$/.exec(
    text,
  )?.groups;
  const host = parts?.["six"] ?? parts?.["host"];
  const user = parts?.["user"];
  const port = Number(parts?.["port"]);
  if (host === undefined || user === undefined || port < 1 || port > 65535) return undefined;
  return { user, host, port };
}

/** The `knownHostsFile` where nobody names another. */
export function defaultKnownHosts(): string {
  return expandHome(defaults.knownHostsFile);
}

export function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}
