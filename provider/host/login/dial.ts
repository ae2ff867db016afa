import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Client } from "ssh2";
import { printable } from "../../engine/printable.js";
import { type Login, LoginAttempt, loginOf } from "./auth.js";
import type { Connection } from "./connection.js";
import { hostKeyCheck, type Refusal } from "./host-key.js";

/** One dial that came to nothing. `again` is true if another try may end differently. */
export class DialFailed extends Error {
  constructor(
    readonly refusal: Refusal,
    readonly again: boolean,
    /** True if it was a hop on the way, which the refusal names. */
    readonly atHop = false,
  ) {
    super(refusal.reason);
  }
}

export interface Dialled {
  readonly client: Client;
  readonly socket: Socket | Duplex;
}

/**
 * One try to log in. The host key is judged inside the key exchange, before ssh2 begins with the login:
 * a machine that is not the host never sees a credential.
 *
 * @param through the last hop's channel to the host; without it a socket of our own
 */
export async function dial(connection: Connection, through?: Duplex): Promise<Dialled> {
  const check = await hostKeyCheck(connection);
  if ("reason" in check) throw new DialFailed(check, false);
  const login = await loginOf(connection);
  if ("reason" in login) throw new DialFailed(login, false);

  const attempt = new LoginAttempt(login);
  const client = new Client();
  const socket = through ?? connect({ host: connection.host, port: connection.port, noDelay: true });
  const seconds = connection.perDialTimeout;
  let refusal: Refusal | undefined;
  let hasKey = false;
  return new Promise((resolve, reject) => {
    const fail = (fault: DialFailed) => {
      client.destroy();
      reject(fault);
    };
    client.once("ready", () => resolve({ client, socket }));
    client.on("error", (error: Error & { level?: string; code?: string }) => {
      // A broken agent is one way in less, not the end: ssh2 goes on with the next.
      if (error.level === "agent") attempt.note(`the agent failed: ${printable(error.message)}`);
      else if (refusal !== undefined) fail(new DialFailed(refusal, false));
      else fail(faultOf(error, connection, !hasKey));
    });
    client.once("close", () =>
      fail(faultOf(new Error("the connection was closed during the login"), connection, !hasKey)),
    );
    client.connect({
      sock: socket,
      username: connection.user,
      readyTimeout: seconds * 1000,
      algorithms: { serverHostKey: algorithmsFor(check.types) },
      hostVerifier: (key: Buffer) => {
        refusal = check.refusal(key);
        hasKey = refusal === undefined;
        return hasKey;
      },
      authHandler: (accepted, _partial, next) => {
        const method = attempt.next(accepted);
        if (method !== undefined) next(method);
        else {
          void loginRefused(connection, attempt, login).then((refused) =>
            fail(new DialFailed(refused, false)),
          );
        }
      },
    });
  });
}

/** The types on file first, as OpenSSH does, then ssh2's others: a refusal is to name the key that was shown. */
function algorithmsFor(types: readonly string[]) {
  const wanted = types.flatMap((type) => (type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [type]));
  return [...new Set([...algorithms.filter((each) => wanted.includes(each)), ...algorithms])];
}

const algorithms = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
] as const;

async function loginRefused(connection: Connection, attempt: LoginAttempt, login: Login): Promise<Refusal> {
  const certificate = await login.certificate?.();
  if (certificate !== undefined) attempt.note(certificate.note);
  return {
    reason: `the login as ${connection.user} was refused (${attempt.inWords()})`,
    advice:
      certificate?.advice ??
      "Check the user and the key or password of its connection. Where the credential was changed since the last " +
        "`pulumi up`, refresh and destroy still use the old one: run them with PULUMI_RUN_PROGRAM=true.",
  };
}

const moved =
  "If DHCP has given the host another address, change `address` in dockroute:hosts, and the host of its connection if one is set.";

const advice: Readonly<Record<string, readonly [reason: string, advice: string]>> = {
  ECONNREFUSED: ["the connection was refused", "Check that sshd runs there and listens on this port."],
  ENOTFOUND: ["its name is not known to the resolver", "Check the spelling, or use the address."],
  EAI_AGAIN: ["the resolver did not answer", "Check this machine's network and name service."],
  ETIMEDOUT: [
    "nothing answered in time",
    `Check that the host is up and that no firewall is between. ${moved}`,
  ],
  EHOSTUNREACH: [
    "there is no way to the host",
    `Check that the host is up and that a route leads to it. ${moved}`,
  ],
  ENETUNREACH: ["there is no way to its network", "Check this machine's network and routes."],
  ECONNRESET: [
    "the connection was cut during the login",
    "sshd may be limiting logins (MaxStartups), or not run.",
  ],
};

/** By ssh2's words for what both sides do not share: sshd's setting for it, and a value that ssh2 knows. */
const algorithmSettings: readonly (readonly [words: RegExp, setting: string, value: string])[] = [
  [/key exchange algorithm/, "KexAlgorithms", "curve25519-sha256"],
  [/host key format/, "HostKeyAlgorithms", "ssh-ed25519"],
  [/cipher/, "Ciphers", "aes256-gcm@openssh.com"],
  [/MAC/, "MACs", "hmac-sha2-256-etm@openssh.com"],
];

function algorithmAdvice(message: string): readonly [reason: string, advice: string] | undefined {
  if (!/no matching/.test(message)) return undefined;
  const found = algorithmSettings.find(([words]) => words.test(message));
  if (found === undefined) return undefined;
  const [, setting, value] = found;
  return [
    `its sshd allows only algorithms that dockroute does not know (${printable(message)})`,
    `Add ${value} to the list of ${setting} in the host's sshd_config (\`grep -rsi '^ *${setting}' /etc/ssh\` there shows the ` +
      "file and the list), then run `systemctl reload ssh` (`sshd` on some systems).",
  ];
}

/** @param silent true if it came to its end before the host had shown its key */
function faultOf(
  error: Error & { level?: string; code?: string },
  connection: Connection,
  silent: boolean,
): DialFailed {
  const code = error.code ?? "";
  const [reason, what] =
    advice[code] ??
    (error.level === "client-timeout"
      ? [
          `no login within ${connection.perDialTimeout} s`,
          `Check that the host is up, and raise \`perDialTimeout\` where it is slow. ${moved}`,
        ]
      : (algorithmAdvice(error.message) ?? [
          printable(error.message),
          `Try \`ssh -p ${connection.port} ${connection.user}@${connection.host}\`.`,
        ]));
  // A host that negotiates is there, though no key of it was seen.
  const isThere = /no matching/.test(error.message);
  return new DialFailed({ reason, advice: what, silent: silent && !isThere }, code !== "ENOTFOUND");
}
