/** The base of the four resource classes: a dynamic resource whose provider is one constant line of text. */
import * as pulumi from "@pulumi/pulumi";
import { endpointOf } from "../host/connection.js";

/**
 * How a program may say where a host is: the fields of @pulumi/command's ConnectionArgs, and more. Its
 * non-secret part becomes the endpoint; a secret in it must be a Pulumi secret and is kept in the state,
 * encrypted. Config, key file or agent is the better way.
 */
export interface ConnectionArgs {
  /** Where ssh connects. @example "192.168.145.128" */
  readonly host: pulumi.Input<string>;
  /** @default 22 */
  readonly port?: pulumi.Input<number | undefined>;
  /** root, or a user with passwordless sudo. @default "root" */
  readonly user?: pulumi.Input<string | undefined>;
  readonly password?: pulumi.Input<string | undefined>;
  readonly privateKey?: pulumi.Input<string | undefined>;
  readonly privateKeyPassword?: pulumi.Input<string | undefined>;
  /** @example "~/.ssh/id_ed25519" */
  readonly privateKeyFile?: pulumi.Input<string | undefined>;
  readonly agentSocketPath?: pulumi.Input<string | undefined>;
  /** The host's public key, or its SHA256 fingerprint; pins it. */
  readonly hostKey?: pulumi.Input<string | undefined>;
  /** @default "~/.ssh/known_hosts" */
  readonly knownHostsFile?: pulumi.Input<string | undefined>;
  readonly dialErrorLimit?: pulumi.Input<number | undefined>;
  /** Seconds. @default 15 */
  readonly perDialTimeout?: pulumi.Input<number | undefined>;
}

/** What all four take: the host's name, and where it is by `endpoint` or by `connection`. */
export interface OnHostArgs {
  /** The host's name in the plan. @example "alpha" */
  readonly host: pulumi.Input<string>;
  /** `user@host:port`, no secret. @default made from `connection` @example "root@192.168.145.128:22" */
  readonly endpoint?: pulumi.Input<string>;
  readonly connection?: pulumi.Input<ConnectionArgs>;
}

const secrets = ["password", "privateKey", "privateKeyPassword"] as const;

/**
 * Not @pulumi/pulumi's dynamic.Resource: that one serialises a provider object into every resource of the
 * state, where old code would live on. This text only names code that is installed, and stays the same for ever.
 */
export abstract class HostResource extends pulumi.CustomResource {
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
      endpoint: endpoint ?? endpointFrom(name, connection),
      ...(connection === undefined ? {} : { connection: checked(name, connection) }),
      found: undefined,
      machine: undefined,
      before: undefined,
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

function endpointFrom(
  name: string,
  connection: pulumi.Input<ConnectionArgs> | undefined,
): pulumi.Output<string> {
  if (connection === undefined) throw new pulumi.RunError(`${name}: either endpoint or connection is needed`);
  const told = pulumi
    .output(connection)
    .apply(({ host, port, user }) =>
      endpointOf({ ...(port === undefined ? {} : { port }), ...(user === undefined ? {} : { user }) }, host),
    );
  return pulumi.unsecret(told);
}

/** A credential that is no Pulumi secret would stand in the clear in the state. */
function checked(name: string, connection: pulumi.Input<ConnectionArgs>): pulumi.Output<unknown> {
  const whole = pulumi.output(connection);
  return pulumi.output(
    Promise.all(secrets.map((field) => pulumi.isSecret(fieldOf(connection, field) ?? whole))).then((secret) =>
      whole.apply((plain) => {
        const open = secrets.filter((field, at) => plain[field] !== undefined && secret[at] !== true);
        if (open.length === 0) return plain;
        throw new pulumi.RunError(
          `${name}: connection.${open.join(", connection.")} must be a Pulumi secret: wrap it in pulumi.secret()`,
        );
      }),
    ),
  );
}

function fieldOf(
  connection: pulumi.Input<ConnectionArgs>,
  field: (typeof secrets)[number],
): pulumi.Output<unknown> | undefined {
  if (pulumi.Output.isInstance(connection) || connection instanceof Promise) return undefined;
  return connection[field] === undefined ? undefined : pulumi.output(connection[field]);
}

/** A resource's inputs as a program writes them: each may be an Output. The docstrings stay those of the inputs. */
export type Args<Inputs> = OnHostArgs & {
  readonly [Name in keyof Omit<Inputs, "host" | "endpoint">]: Wrapped<Inputs[Name]>;
};

/** Not by each member of a union: an Output may hold a value or undefined, and which one is not known before. */
type Wrapped<T> = [T] extends [readonly (infer Item)[] | undefined]
  ? pulumi.Input<readonly pulumi.Input<Item>[] | Extract<T, undefined>>
  : pulumi.Input<T>;
