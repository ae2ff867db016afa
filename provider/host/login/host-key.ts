import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { quote } from "../../engine/command.js";
import type { Connection } from "./connection.js";
import {
  fingerprint,
  judge,
  type KnownKey,
  keyType,
  knownName,
  knownTypes,
  parseKnownHosts,
} from "./known-hosts.js";

/** The reason for which a login is refused, and the remedy for a person. */
export interface Refusal {
  readonly reason: string;
  readonly advice: string;
  /** The host itself did not answer: its address is silent, or another machine has it. */
  readonly silent?: boolean;
}

/** The judge of the key that a host shows, made before the dial. */
export interface HostKeyCheck {
  /** Key types to be asked for first. */
  readonly types: readonly string[];
  /** undefined: the key is the host's. */
  refusal(key: Buffer): Refusal | undefined;
}

const system = ["/etc/ssh/ssh_known_hosts"];

/**
 * Reads the known hosts files. A file that exists and cannot be read is a reason to stop, since it may hold the very
 * line that revokes a key. No file is ever written.
 */
export async function hostKeyCheck(connection: Connection): Promise<HostKeyCheck | Refusal> {
  if (connection.hostKey !== undefined) return pinned(connection.hostKey);
  const known: KnownKey[] = [];
  const files: string[] = [];
  const own = connection.knownHostsFiles ?? [connection.knownHostsFile];
  for (const file of [...own, ...(connection.globalKnownHostsFiles ?? system)]) {
    try {
      known.push(...parseKnownHosts(await readFile(file, "utf8"), file));
      files.push(file);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "no reason given";
      if (code === "ENOENT" || code === "ENOTDIR") files.push(`${file} (which does not exist)`);
      else return unreadable(file, code);
    }
  }
  return {
    types: knownTypes(known, ...filed(connection)),
    refusal: (key) => refusalOf(connection, files, known, key),
  };
}

/** The name and port under which its key is filed. */
function filed({ host, port, hostKeyAlias }: Connection): readonly [host: string, port: number] {
  return hostKeyAlias === undefined ? [host, port] : [hostKeyAlias, 22];
}

function unreadable(file: string, code: string): Refusal {
  return {
    reason: `the known hosts file ${file} cannot be read (${code}), so its host key cannot be checked`,
    advice: "Make the file readable, or name another as `knownHostsFile` of the connection.",
  };
}

function refusalOf(
  connection: Connection,
  files: readonly string[],
  known: readonly KnownKey[],
  key: Buffer,
): Refusal | undefined {
  const verdict = judge(known, ...filed(connection), key);
  const name = knownName(...filed(connection));
  const shown = `${keyType(key) ?? "unknown"} ${fingerprint(key)}`;
  switch (verdict.known) {
    case "match":
      return undefined;
    case "revoked":
      return {
        reason: `it shows the host key ${shown}, which is revoked at ${verdict.where}`,
        advice: "Give the host a new key, or find out who answers at this address in its place.",
      };
    case "changed":
      return changed(name, shown, verdict.entries);
    case "not":
      return {
        reason: `its host key ${shown} is not known: no line for ${name} in ${files.join(", ")}${authorities(verdict.authorities)}`,
        advice: howToLearn(connection, key),
      };
  }
}

function changed(name: string, shown: string, entries: readonly KnownKey[]): Refusal {
  const lines = entries.map((each) => `${each.where} (${each.type} ${fingerprint(each.key)})`);
  const files = [...new Set(entries.map((each) => each.where.replace(/:\d+$/, "")))];
  const remove = files.map((file) => `\`ssh-keygen -f ${quote([file])} -R '${name}'\``);
  return {
    reason: `it shows the host key ${shown}, but known for ${name} is ${lines.join(", ")}: another machine may be answering in its place`,
    advice:
      "Compare the fingerprint with `ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub` on the host's own console. " +
      `Only if the host has a new key: remove the old one with ${remove.join(" and ")}, then add the new one.`,
    silent: true,
  };
}

/** Host certificates cannot be checked here: ssh2 does not know them. */
function authorities(lines: readonly KnownKey[]): string {
  if (lines.length === 0) return "";
  const where = lines.map((line) => line.where).join(", ");
  return ` (the certificate authority at ${where} does not count, because dockroute cannot check host certificates)`;
}

function howToLearn(connection: Connection, key: Buffer): string {
  const type = keyType(key)?.replace(/^ssh-|-sha2-.*$/g, "") ?? "ed25519";
  const compare = `Compare the fingerprint with \`ssh-keygen -lf /etc/ssh/ssh_host_${type}_key.pub\` on the host's own console, then`;
  const pin = `pin it as \`hostKey: "${fingerprint(key)}"\` of the connection`;
  const file = (connection.knownHostsFiles ?? [connection.knownHostsFile]).find(
    (each) => each !== "/dev/null",
  );
  if (file === undefined) {
    return `${compare} ${pin}: by its settings (\`UserKnownHostsFile\` or \`knownHostsFile\`) known hosts are kept nowhere.`;
  }
  const folder = existsSync(dirname(file)) ? "" : `${quote(["mkdir", "-p", "-m", "700", dirname(file)])} && `;
  return `${compare} add it: \`${folder}${lineOf(connection, key, type)} >> ${quote([file])}\`, or ${pin}.`;
}

/** ssh-keyscan knows no hop and no alias, so there the line itself is given. */
function lineOf(connection: Connection, key: Buffer, type: string): string {
  const [name, port] = filed(connection);
  if (connection.proxy.length > 0 || name !== connection.host)
    return quote(["echo", `${knownName(name, port)} ${keyType(key)} ${key.toString("base64")}`]);
  return `ssh-keyscan -t ${type} ${port === 22 ? "" : `-p ${port} `}${name}`;
}

/** A pinned key decides alone: known hosts files are not read. */
function pinned(text: string): HostKeyCheck | Refusal {
  const pins = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const prints = pins.map(pinnedPrint);
  if (prints.some((print) => print === undefined) || prints.length === 0) {
    return {
      reason: "its `hostKey` cannot be read",
      advice:
        'Write it as "ssh-ed25519 AAAA..." (a line of ssh-keyscan without the name) or as "SHA256:...".',
    };
  }
  return {
    types: pins.flatMap((pin) => (pin.includes(" ") ? [pin.split(/\s+/)[0] ?? ""] : [])),
    refusal: (key) =>
      prints.includes(fingerprint(key))
        ? undefined
        : {
            reason: `it shows the host key ${keyType(key) ?? "unknown"} ${fingerprint(key)}, but pinned as \`hostKey\` is ${prints.join(", ")}: another machine may be answering in its place`,
            advice:
              "Only if the host has a new key, as its own console shows it: change `hostKey` of the connection.",
            silent: true,
          },
  };
}

function pinnedPrint(pin: string): string | undefined {
  if (/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(pin)) return pin.replace(/=$/, "");
  const [type, encoded] = pin.split(/\s+/);
  const key = Buffer.from(encoded ?? "", "base64");
  return keyType(key) !== undefined && keyType(key) === type ? fingerprint(key) : undefined;
}
