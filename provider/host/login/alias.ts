/** A connection from OpenSSH's settings of a name. The config overrides them, and they override the defaults. */
import { homedir, userInfo } from "node:os";
import {
  type Connection,
  completeConnection,
  endpointOf,
  expandHome,
  mergeConnections,
  readConnection,
  type Written,
} from "./connection.js";
import { SshConfigFault, settingsOf } from "./ssh-config.js";

/** The endpoint `user@host:port` of a connection that may name an alias of ~/.ssh/config. Holds no secret. */
export function endpointFor(given: Written, address: string): string {
  const name = given.host ?? address;
  const { user, port, host } = mergeConnections(withoutHost(given), levelOf(name, given));
  const where = { ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port }) };
  return endpointOf(where, host ?? name);
}

/** The whole connection. @param given the merged levels of the config and the program */
export function connectionOf(given: Written, address: string): Connection {
  const name = given.host ?? address;
  const level = levelOf(name, given);
  const { dialErrorLimit, perDialTimeout } = given;
  const jumps = given.proxy === undefined ? jumpsOf(name, level, [name]) : chain(given.proxy, []);
  // A short timeout for a host applies to its hops too.
  const proxy = jumps.map((hop) => ({
    ...mergeConnections(hop, { dialErrorLimit, perDialTimeout }),
    host: hop.host,
  }));
  const { host, ...merged } = mergeConnections(withoutHost(given), level);
  return completeConnection({ ...merged, proxy }, host ?? name);
}

function withoutHost({ host: _, ...rest }: Written): Written {
  return rest;
}

/** The settings of a name in ssh's files, without its jumps. */
function levelOf(name: string, given: Pick<Written, "user" | "port">): Written {
  const { values, identityFiles } = settingsOf(name);
  const host = expanded(values.get("hostname") ?? name, { h: name, n: name });
  const read = checked(name, {
    host: host === name ? undefined : host,
    port: numberOf(values.get("port")),
    user: values.get("user"),
    perDialTimeout: numberOf(values.get("connecttimeout")?.replace(/^none$/, "0")),
  });
  const user = given.user ?? read.user ?? "root";
  const tokens = { h: host, n: name, r: user, p: String(given.port ?? read.port ?? 22) };
  const pathOf = (path: string) => expandHome(expanded(environment(path), tokens));
  const filesOf = (key: string, text: string | undefined) => {
    const named = text?.split(/\s+/).filter((file) => file !== "none");
    return named === undefined ? {} : { [key]: named.map(pathOf) };
  };
  const files = identityFiles.filter((file) => file !== "none").map(pathOf);
  const agent = values.get("identityagent");
  const certificate = values.get("certificatefile");
  const alias = values.get("hostkeyalias");
  return {
    ...read,
    ...(name === host ? {} : { alias: name }),
    ...(identityFiles.length > 0 ? { identities: files } : {}),
    ...(certificate === undefined || certificate === "none" ? {} : { certificates: [pathOf(certificate)] }),
    ...(values.get("identitiesonly") === "yes" ? { identitiesOnly: true } : {}),
    ...(agent === undefined || agent === "SSH_AUTH_SOCK" ? {} : { agentSocketPath: agentOf(agent, pathOf) }),
    ...filesOf("knownHostsFiles", values.get("userknownhostsfile")),
    ...filesOf("globalKnownHostsFiles", values.get("globalknownhostsfile")),
    ...(alias === undefined ? {} : { hostKeyAlias: alias }),
  };
}

/** "" is no agent. */
function agentOf(text: string, pathOf: (path: string) => string): string {
  if (text === "none") return "";
  return text.startsWith("$") && !text.startsWith("${") ? (process.env[text.slice(1)] ?? "") : pathOf(text);
}

/** The hops of a name's ProxyJump, in order. */
function jumpsOf(name: string, level: Written, seen: readonly string[]): Hops {
  const { values } = settingsOf(name);
  const jump = values.get("proxyjump") ?? jumpIn(name, values.get("proxycommand"));
  if (jump === undefined || jump.toLowerCase() === "none") return [];
  const tokens = { h: level.host ?? name, n: name, p: String(level.port ?? 22), r: level.user ?? "root" };
  const hops = expanded(jump, tokens)
    .split(",")
    .map((each) => hopOf(name, each.trim()));
  return chain(hops, seen);
}

type Hops = NonNullable<Written["proxy"]>;

/** The hops, completed from ssh's files. Only the first hop's own jumps count, as with `ssh -J`. */
function chain(hops: Hops, seen: readonly string[]): Hops {
  const [first] = hops;
  if (first === undefined) return [];
  if (seen.includes(first.host))
    throw new SshConfigFault(
      `the jumps of ${seen[0]} lead in a circle: ${[...seen, first.host].join(" -> ")}`,
    );
  const level = levelOf(first.host, first);
  const before = jumpsOf(first.host, mergeConnections(first, level), [...seen, first.host]);
  return [
    ...before,
    ...hops.map((hop) => {
      const own = levelOf(hop.host, hop);
      return { ...mergeConnections(withoutHost(hop), own), host: own.host ?? hop.host };
    }),
  ];
}

/** "admin@bastion:2222", or the same as a URI. Without a user, a hop gets the local user's name, as in ssh. */
function hopOf(name: string, text: string): Hops[number] {
  const bare = text.replace(/^ssh:\/\//, "").replace(/\/$/, "");
  const parts = /^(?:(?<user>[^@]+)@)?(?:\[(?<six>[^\]]+)\]|(?<host>[^:]+))(?::(?<port>\d+))?$/.exec(
    bare,
  )?.groups;
  const host = parts?.["six"] ?? parts?.["host"] ?? "";
  const user = parts?.["user"] ?? settingsOf(host).values.get("user") ?? userInfo().username;
  const read = checked(name, { host, user, port: numberOf(parts?.["port"]) });
  return { ...read, host };
}

/** The old form of a jump. Any other ProxyCommand cannot be followed without running it. */
function jumpIn(name: string, command: string | undefined): string | undefined {
  if (command === undefined || command.toLowerCase() === "none") return undefined;
  const words = command
    .replace(/^exec /, "")
    .split(/\s+/)
    .filter((word) => word !== "-q");
  const at = words.indexOf("-W");
  const rest = words.filter((_, index) => index !== at && index !== at + 1);
  const [program, hop, ...more] = rest;
  const isJump = program?.split("/").at(-1) === "ssh" && words[at + 1] === "%h:%p" && at > 0;
  if (isJump && hop !== undefined && !hop.startsWith("-") && more.length === 0) return hop;
  throw new SshConfigFault(
    `ProxyCommand of ${name} is not followed; write the hop as ProxyJump, or as \`proxy\` of its connection`,
  );
}

function checked(name: string, raw: Readonly<Record<string, unknown>>): Written {
  const said = Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== undefined));
  const read = readConnection(said, `ssh's settings of ${name}`);
  if ("connection" in read) return read.connection;
  throw new SshConfigFault(read.faults.map(({ property, reason }) => `${property}: ${reason}`).join("; "));
}

function numberOf(text: string | undefined): number | string | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : text;
}

function environment(text: string): string {
  return text.replace(/\$\{([^}]+)\}/g, (_, name: string) => process.env[name] ?? "");
}

/** The tokens of ssh_config(5). */
function expanded(text: string, tokens: Readonly<Record<string, string>>): string {
  const all: Readonly<Record<string, string>> = { "%": "%", d: homedir(), u: userInfo().username, ...tokens };
  return text.replace(/%(.)/g, (whole, letter: string) => all[letter] ?? whole);
}
