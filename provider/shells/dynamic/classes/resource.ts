/** The base of the resource classes: a dynamic resource whose provider is one constant line of text. */
import * as pulumi from "@pulumi/pulumi";
import { endpointFor } from "../../../host/login/alias.js";
import { credentialFields } from "../../../host/login/connection.js";

/**
 * The endpoint of a host and the login to it, by a program: the fields of @pulumi/command's ConnectionArgs, and more.
 * Its non-secret part becomes the endpoint; a secret in it must be a Pulumi secret and is kept in the state,
 * encrypted. Config, key file or agent is the better way.
 */
export interface ConnectionArgs extends HopArgs {
  /** Seconds that a command on the host may print nothing; 0 is no limit. @default 180 */
  readonly idleTimeout?: pulumi.Input<number>;
  /** Seconds that one exec on the host may take; 0 is no limit. @default 900 */
  readonly totalTimeout?: pulumi.Input<number>;
  /** The host, or the hosts in order, through which this one is reached. */
  readonly proxy?: pulumi.Input<HopArgs> | readonly pulumi.Input<HopArgs>[];
}

/** One login: at the host, or at one on the way to it. */
export interface HopArgs {
  /** The address to which ssh connects. @example "192.168.145.128" */
  readonly host: pulumi.Input<string>;
  /** The port of sshd there. @default 22 */
  readonly port?: pulumi.Input<number>;
  /** root, or a user with passwordless sudo. @default "root" */
  readonly user?: pulumi.Input<string>;
  /** The user's password; a Pulumi secret. */
  readonly password?: pulumi.Input<string>;
  /** The text of the private key, in OpenSSH's or PEM's form; a Pulumi secret. */
  readonly privateKey?: pulumi.Input<string>;
  /** The file of the private key, on the machine where pulumi runs. @example "~/.ssh/id_ed25519" */
  readonly privateKeyFile?: pulumi.Input<string>;
  /** The passphrase of the private key; a Pulumi secret. */
  readonly privateKeyPassword?: pulumi.Input<string>;
  /** The socket of an agent that has the key. @default SSH_AUTH_SOCK of the environment, where no other credential is given */
  readonly agentSocketPath?: pulumi.Input<string>;
  /** The file with the hosts' public keys, on the machine where pulumi runs. @default "~/.ssh/known_hosts" */
  readonly knownHostsFile?: pulumi.Input<string>;
  /** The host's public key, or its SHA256 fingerprint; pins it. */
  readonly hostKey?: pulumi.Input<string>;
  /** The number of tries of a dial that may succeed later; -1 for ever. @default 3 */
  readonly dialErrorLimit?: pulumi.Input<number>;
  /** Seconds for one dial, from the first packet to the login; 0 is no limit. @default 15 */
  readonly perDialTimeout?: pulumi.Input<number>;
}

/** The inputs of all of them: the host's name, and its endpoint, given as such or by `connection`. */
export interface OnHostArgs {
  /** The host's name in the plan. @example "alpha" */
  readonly host: pulumi.Input<string>;
  /** `user@host:port`, no secret. @default made from `connection`, else that of the config's host of this name @example "root@192.168.145.128:22" */
  readonly endpoint?: pulumi.Input<string>;
  /** The login by ssh; it stands over the config. Secrets in it are kept in the state, encrypted. @default that of the config */
  readonly connection?: pulumi.Input<ConnectionArgs>;
}

/**
 * Not @pulumi/pulumi's dynamic.Resource: that one serialises a provider object into every resource of the
 * state, where old code would live on. This text only names code that is installed, and stays the same for ever.
 */
export abstract class HostResource extends pulumi.CustomResource {
  /** The host's name. */
  declare readonly host: pulumi.Output<string>;
  /** The endpoint at which ssh reaches it, `user@host:port`. */
  declare readonly endpoint: pulumi.Output<string>;
  /** Drift that is the value of no input, in words; undefined where there is none. */
  declare readonly found: pulumi.Output<readonly string[] | undefined>;
  /** The machine-id of the host, by which an exchanged machine is told from a moved one. */
  declare readonly machine: pulumi.Output<string | undefined>;

  protected constructor(
    kind: string,
    name: string,
    args: OnHostArgs & object,
    opts: pulumi.CustomResourceOptions = {},
  ) {
    const { connection, endpoint, ...inputs } = args;
    const props = {
      ...inputs,
      // `check` takes it from the connection, or from the config, where the program gives none.
      endpoint,
      ...(connection === undefined ? {} : { connection: checkedConnection(name, connection) }),
      found: undefined,
      machine: undefined,
      before: undefined,
      stack: `${pulumi.getProject()}/${pulumi.getStack()}`,
      __provider: providerText(kind),
    };
    // daemon.json, which `before` holds, may have a proxy's password in it.
    const secretOutputs = [...(opts.additionalSecretOutputs ?? []), "connection", "before"];
    super(`pulumi-nodejs:dynamic/dockroute:${kind}`, name, props, {
      ...opts,
      additionalSecretOutputs: secretOutputs,
    });
  }
}

/** Resolved from the project's folder, so that a package, a workspace and a checkout all work. */
export function providerText(kind: string): string {
  return `exports.handler=()=>require("module").createRequire(process.cwd()+"/")("dockroute/handlers").${kind}`;
}

/** `user@host:port` of a connection, which is no secret. */
export function endpointFrom(connection: pulumi.Input<ConnectionArgs>): pulumi.Output<string> {
  const told = pulumi
    .output(connection)
    .apply(({ host, port, user }) =>
      endpointFor({ ...(port === undefined ? {} : { port }), ...(user === undefined ? {} : { user }) }, host),
    );
  return pulumi.unsecret(told);
}

/** Refuses a credential that is no Pulumi secret: the state would hold it in the clear. */
export function checkedConnection(
  name: string,
  connection: pulumi.Input<ConnectionArgs>,
): pulumi.Output<unknown> {
  const found = credentialsIn(connection, "connection");
  const values = pulumi.all(found.map(({ value }) => value));
  const secret = pulumi.output(Promise.all(found.map(({ value }) => pulumi.isSecret(value))));
  return pulumi.all([pulumi.output(connection), values, secret]).apply(([plain, all, isSecret]) => {
    const open = found.filter((_, at) => all[at] !== undefined && isSecret[at] !== true);
    if (open.length === 0) return plain;
    const paths = open.map(({ path }) => path).join(", ");
    throw new pulumi.RunError(`${name}: ${paths} must be a Pulumi secret: wrap it in pulumi.secret()`);
  });
}

interface Credential {
  readonly path: string;
  readonly value: pulumi.Output<unknown>;
}

/** Every credential of a login and of its hops. The fields of an Output are as secret as that Output. */
function credentialsIn(login: pulumi.Input<ConnectionArgs | HopArgs>, path: string): readonly Credential[] {
  if (pulumi.Output.isInstance(login) || login instanceof Promise) {
    const whole = pulumi.output(login);
    return credentialFields.map((field) => ({
      path: `${path}.${field}`,
      value: whole.apply((plain) => plain[field]),
    }));
  }
  const own = credentialFields.flatMap((field) => {
    const value = login[field];
    return value === undefined ? [] : [{ path: `${path}.${field}`, value: pulumi.output(value) }];
  });
  const proxy = "proxy" in login ? login.proxy : undefined;
  if (proxy === undefined) return own;
  const hops = Array.isArray(proxy) ? proxy : [proxy];
  return [...own, ...hops.flatMap((hop: pulumi.Input<HopArgs>) => credentialsIn(hop, `${path}.proxy`))];
}

/** A resource's inputs as a program writes them: each may be an Output. The docstrings stay those of the inputs. */
export type Args<Inputs> = OnHostArgs & {
  readonly [Name in keyof Omit<Inputs, "host" | "endpoint">]: Wrapped<Inputs[Name]>;
};

/** Not by each member of a union: an Output may hold a value or undefined, and which one is not known before. */
type Wrapped<T> = [T] extends [readonly (infer Item)[] | undefined]
  ? pulumi.Input<readonly pulumi.Input<Item>[] | Extract<T, undefined>>
  : pulumi.Input<T>;
