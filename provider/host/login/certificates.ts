/**
 * Certificates of users. ssh offers one beside its key; ssh2 knows none, so a host that trusts only certificates
 * refuses the key. This file finds the remedy with which a person is let in with a key all the same.
 */
import { access } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { quote } from "../../engine/command.js";
import { printable } from "../../engine/printable.js";
import { certificatesIn } from "./agent.js";
import { type Connection, defaultKnownHosts } from "./connection.js";

export interface Unused {
  /** The certificate that was not offered, with the reason. */
  readonly note: string;
  readonly advice: string;
}

/** The first certificate that was not offered. @param keys the files of private keys @param agent its socket */
export async function unusedCertificate(
  connection: Connection,
  keys: readonly string[],
  agent: string | undefined,
): Promise<Unused | undefined> {
  for (const key of keys) {
    const file = `${key}-cert.pub`;
    if (await isThere(file)) return ofFile(connection, key, file);
  }
  const [named] = connection.certificates ?? [];
  const [first] = keys;
  if (named !== undefined && first !== undefined) return ofFile(connection, first, named);
  if (agent === undefined || agent === "") return undefined;
  const held = await certificatesIn(agent);
  const found = held.find(({ key }) => key !== undefined) ?? held[0];
  if (found === undefined) return undefined;
  const note = `${printable(found.comment) || "a certificate"} of the agent ${why}`;
  return { note, advice: found.key === undefined ? anotherKey(connection) : given(connection, found.key) };
}

const why = "is not offered, because dockroute cannot use certificates";

function ofFile(connection: Connection, key: string, certificate: string): Unused {
  const add = `${quote(["ssh-keygen", "-y", "-f", key])} | ${appendBy(connection, ["-i", key])}`;
  return {
    note: `${certificate} ${why}`,
    advice: `Add the key itself to the host's authorized_keys: \`${add}\`.`,
  };
}

function given(connection: Connection, key: string): string {
  return `Add the key itself to the host's authorized_keys: \`${quote(["echo", key])} | ${appendBy(connection, agentOf(connection))}\`.`;
}

/** The agent signs for the certificate alone. */
function anotherKey(connection: Connection): string {
  return (
    "Make a key of its own: `ssh-keygen -t ed25519 -N '' -f ~/.ssh/dockroute`, add it to the host's authorized_keys: " +
    `\`${appendBy(connection, agentOf(connection))} < ~/.ssh/dockroute.pub\`, and set ` +
    "`privateKeyFile: ~/.ssh/dockroute` of its connection."
  );
}

function agentOf({ agentSocketPath }: Connection): readonly string[] {
  return agentSocketPath === undefined ? [] : ["-o", `IdentityAgent=${agentSocketPath}`];
}

/** ssh itself is let in by the certificate. */
function appendBy(connection: Connection, options: readonly string[]): string {
  const append = "umask 077; mkdir -p ~/.ssh; cat >> ~/.ssh/authorized_keys";
  return quote([...sshTo(connection, options), append]);
}

function sshTo(connection: Connection, options: readonly string[]): readonly string[] {
  const { user, host, port, alias, proxy, knownHostsFile, knownHostsFiles, hostKey } = connection;
  const isOwn =
    knownHostsFiles === undefined && hostKey === undefined && knownHostsFile !== defaultKnownHosts();
  const hops = alias === undefined ? proxy.map(hopText) : [];
  return [
    ...["ssh", ...options],
    ...(isOwn ? ["-o", `UserKnownHostsFile=${knownHostsFile}`] : []),
    ...(hops.length === 0 ? [] : ["-J", hops.join(",")]),
    ...(port === 22 ? [] : ["-p", String(port)]),
    `${user}@${alias ?? host}`,
  ];
}

function hopText({ user, host, port }: Connection): string {
  return `${user}@${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
