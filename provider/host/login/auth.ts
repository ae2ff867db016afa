import { readFile } from "node:fs/promises";
import { type AnyAuthMethod, type ParsedKey, utils } from "ssh2";
import { printable } from "../../engine/printable.js";
import { SortedAgent } from "./agent.js";
import { type Unused, unusedCertificate } from "./certificates.js";
import { type Connection, expandHome } from "./connection.js";
import type { Refusal } from "./host-key.js";

/** The ways to log in that the connection names, the strongest first. */
export interface Login {
  readonly methods: readonly AnyAuthMethod[];
  /** The reason for which a key that was named is not among them. */
  readonly notes?: readonly string[];
  /** A certificate that was left out; looked for when the login is refused. */
  readonly certificate?: () => Promise<Unused | undefined>;
}

/**
 * Everything that can be wrong with a credential is found before the dial, so that a bad passphrase does not
 * look like a refused login. The agent of the environment is asked only where nothing else is given: its keys
 * are tried one by one, and a host gives up after a few.
 */
export async function loginOf(connection: Connection): Promise<Login | Refusal> {
  const methods: AnyAuthMethod[] = [];
  const username = connection.user;
  const key = await privateKeyOf(connection);
  if (typeof key === "object") return key;
  if (key !== undefined) {
    // Parsed once: an encrypted key takes its second on purpose.
    const parsed = parseKey(key, connection.privateKeyPassword?.reveal());
    if (typeof parsed === "string") {
      return { reason: `its ${keySource(connection)} ${parsed}`, advice: keyAdvice };
    }
    methods.push({ type: "publickey", username, key: parsed });
  }
  const password = connection.password?.reveal();
  const nothingElse = key === undefined && password === undefined;
  const agent = connection.agentSocketPath ?? (nothingElse ? process.env["SSH_AUTH_SOCK"] : undefined);
  const { files, keys, notes, wanted } = await identitiesOf(connection, nothingElse);
  if (agent !== undefined && agent !== "") {
    const sorted = connection.identities === undefined ? agent : sortedAgent(connection, agent, wanted);
    methods.push({ type: "agent", username, agent: sorted });
  }
  for (const each of keys) methods.push({ type: "publickey", username, key: each });
  if (password !== undefined) {
    methods.push({ type: "password", username, password });
    // Hosts that ask for the password by PAM offer only this way.
    methods.push({
      type: "keyboard-interactive",
      username,
      prompt: (_name, _instructions, _language, prompts, finish) => finish(prompts.map(() => password)),
    });
  }
  // Without a credential a host may still accept the login; otherwise it names the methods that it accepts.
  const given = connection.privateKeyFile === undefined ? [] : [connection.privateKeyFile];
  return {
    methods: methods.length > 0 ? methods : [{ type: "none", username }],
    notes,
    certificate: () => unusedCertificate(connection, [...given, ...files], agent),
  };
}

function sortedAgent(connection: Connection, path: string, wanted: readonly Buffer[]): SortedAgent {
  return new SortedAgent(path, wanted, connection.identitiesOnly === true);
}

interface Identities {
  readonly files: readonly string[];
  readonly keys: readonly ParsedKey[];
  readonly notes: readonly string[];
  /** Their public keys, also of those that only an agent can use. */
  readonly wanted: readonly Buffer[];
}

/** The keys that ssh would take: those its own files name, else the ones it looks for by itself. */
async function identitiesOf(connection: Connection, nothingElse: boolean): Promise<Identities> {
  const usual = ["id_rsa", "id_ecdsa", "id_ed25519"].map((name) => expandHome(`~/.ssh/${name}`));
  const files = connection.identities ?? (nothingElse ? usual : []);
  const read = await Promise.all(
    files.map(async (file) => {
      const [text, open] = await Promise.all(
        [file, `${file}.pub`].map((path) => readFile(path, "utf8").catch(() => "")),
      );
      const secret = text ? parseKey(text, connection.privateKeyPassword?.reveal()) : "cannot be read";
      const known = open ? utils.parseKey(open) : secret;
      const wanted = typeof known === "string" || known instanceof Error ? [] : [known.getPublicSSH()];
      // A key that nobody named and that is not there is no news.
      const note = typeof secret === "string" && (text || connection.identities) ? [`${file} ${secret}`] : [];
      return { keys: typeof secret === "string" ? [] : [secret], wanted, notes: note };
    }),
  );
  return {
    files,
    keys: read.flatMap(({ keys }) => keys),
    notes: read.flatMap(({ notes }) => notes),
    wanted: read.flatMap(({ wanted }) => wanted),
  };
}

const keyAdvice =
  "Set `privateKeyFile` (or `privateKey` and `privateKeyPassword`, as Pulumi secrets) of the connection, or use an agent.";

function keySource(connection: Connection): string {
  return connection.privateKey === undefined ? `privateKeyFile ${connection.privateKeyFile}` : "privateKey";
}

async function privateKeyOf(connection: Connection): Promise<string | undefined | Refusal> {
  if (connection.privateKey !== undefined) return connection.privateKey.reveal();
  if (connection.privateKeyFile === undefined) return undefined;
  try {
    return await readFile(connection.privateKeyFile, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "no reason given";
    return { reason: `its ${keySource(connection)} cannot be read (${code})`, advice: keyAdvice };
  }
}

/** The key, or its fault in words. */
function parseKey(text: string, passphrase: string | undefined): ParsedKey | string {
  const parsed = utils.parseKey(text, passphrase);
  if (parsed instanceof Error) {
    if (/no passphrase/i.test(parsed.message)) return "is encrypted and no `privateKeyPassword` is given";
    if (/bad passphrase|integrity/i.test(parsed.message)) return "is encrypted with another passphrase";
    return `is no private key that can be read (${printable(parsed.message)})`;
  }
  const key: ParsedKey | undefined = Array.isArray(parsed) ? parsed[0] : parsed;
  return key?.isPrivateKey() === true ? key : "is a public key, not a private one";
}

/** Hands out the methods in order, leaving out what the host does not take, and remembers what happened. */
export class LoginAttempt {
  readonly #tried: string[] = [];
  readonly #notes: string[];
  readonly #left: AnyAuthMethod[];
  #accepted: readonly string[] = [];

  constructor(login: Login) {
    this.#left = [...login.methods];
    this.#notes = [...(login.notes ?? [])];
  }

  /** @param accepted the methods that the host takes, null before the first try */
  next(accepted: readonly string[] | null): AnyAuthMethod | undefined {
    this.#accepted = accepted ?? [];
    for (let method = this.#left.shift(); method !== undefined; method = this.#left.shift()) {
      const wire = method.type === "agent" ? "publickey" : method.type;
      if (accepted !== null && !accepted.includes(wire)) continue;
      this.#tried.push(method.type);
      return method;
    }
    return undefined;
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  /** "tried publickey, agent; it takes publickey" */
  inWords(): string {
    const tried = this.#tried.filter((type) => type !== "none");
    const takes = this.#accepted.length > 0 ? [`it takes ${this.#accepted.join(", ")}`] : [];
    return [
      tried.length > 0 ? `tried ${tried.join(", ")}` : "no credential was given",
      ...takes,
      ...this.#notes,
    ].join("; ");
  }
}
