import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** One line of a known_hosts file about a key. */
export interface KnownKey {
  readonly marker: "" | "@revoked" | "@cert-authority";
  /** The host field as written: patterns, or one hashed name. */
  readonly names: string;
  readonly type: string;
  readonly key: Buffer;
  /** "/root/.ssh/known_hosts:3" */
  readonly where: string;
}

export type Verdict =
  | { readonly known: "match" }
  | { readonly known: "revoked"; readonly where: string }
  /** The name is known with another key of this type, or only with keys of other types. */
  | { readonly known: "changed"; readonly entries: readonly KnownKey[] }
  /** `authorities`: the lines that would vouch for a certificate of this host */
  | { readonly known: "not"; readonly authorities: readonly KnownKey[] };

export function parseKnownHosts(text: string, file: string): readonly KnownKey[] {
  return text.split("\n").flatMap((line, index) => parseLine(line.trim(), `${file}:${index + 1}`));
}

function parseLine(line: string, where: string): readonly KnownKey[] {
  if (line === "" || line.startsWith("#")) return [];
  const fields = line.split(/[ \t]+/);
  const marker = fields[0]?.startsWith("@") === true ? fields.shift() : "";
  const [names, type, encoded] = fields;
  if (names === undefined || type === undefined || encoded === undefined) return [];
  if (marker !== "" && marker !== "@revoked" && marker !== "@cert-authority") return [];
  const key = Buffer.from(encoded, "base64");
  return keyType(key) === type ? [{ marker, names, type, key, where }] : [];
}

/** The type that a key's blob itself names, or undefined where the blob is none. */
export function keyType(key: Buffer): string | undefined {
  if (key.length < 4) return undefined;
  const length = key.readUInt32BE(0);
  return key.length > 4 + length ? key.toString("latin1", 4, 4 + length) : undefined;
}

/** As `ssh-keygen -l` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** The name under which OpenSSH files a host's key. */
export function knownName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** True if a line's host field means this name: by its hash, or by patterns of which a negated one vetoes. */
export function namesMatch(names: string, name: string): boolean {
  if (names.startsWith("|")) return hashMatches(names, name);
  const patterns = names.toLowerCase().split(",");
  const vetoed = patterns.some((each) => each.startsWith("!") && patternMatches(each.slice(1), name));
  return !vetoed && patterns.some((each) => !each.startsWith("!") && patternMatches(each, name));
}

function hashMatches(field: string, name: string): boolean {
  const [, version, salt, hash] = field.split("|");
  if (version !== "1" || salt === undefined || hash === undefined) return false;
  const wanted = Buffer.from(hash, "base64");
  const actual = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  return wanted.length === actual.length && timingSafeEqual(wanted, actual);
}

/** `*` and `?` of OpenSSH. */
export function patternMatches(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(name);
}

/** The lines about a host; for a port other than 22 also those that name the host without a port, as OpenSSH does. */
function about(known: readonly KnownKey[], host: string, port: number) {
  const named = known.filter((each) => namesMatch(each.names, knownName(host, port)));
  const bare = port === 22 ? [] : known.filter((each) => namesMatch(each.names, knownName(host, 22)));
  return { named, bare };
}

/**
 * The files' verdict on a key that a host shows. A line of a certificate authority is no match, because
 * host certificates are not checked here. A line without the port may lead to "match", but not to "changed".
 */
export function judge(known: readonly KnownKey[], host: string, port: number, key: Buffer): Verdict {
  const { named, bare } = about(known, host, port);
  const same = [...named, ...bare].filter((each) => each.key.equals(key));
  const revoked = same.find((each) => each.marker === "@revoked");
  if (revoked !== undefined) return { known: "revoked", where: revoked.where };
  if (same.some((each) => each.marker === "")) return { known: "match" };
  const entries = named.filter((each) => each.marker === "");
  if (entries.length > 0) return { known: "changed", entries };
  return {
    known: "not",
    authorities: [...named, ...bare].filter((each) => each.marker === "@cert-authority"),
  };
}

/** The key types on file for a host: asked for first, or a host with a known RSA key would show an unknown other one. */
export function knownTypes(known: readonly KnownKey[], host: string, port: number): readonly string[] {
  const { named, bare } = about(known, host, port);
  const lines = [...named, ...bare].filter((each) => each.marker === "");
  return [...new Set(lines.map((each) => each.type))];
}
