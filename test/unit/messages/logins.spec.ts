/** The messages for a person whose host lets nobody in, or is not the one that was meant. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { completeConnection, readConnection } from "../../../provider/host/login/connection.js";
import type { Link } from "../../../provider/host/login/link.js";
import { Pool } from "../../../provider/host/login/pool.js";
import { errors } from "../../support/errors.js";
import { readable } from "../../support/readable.js";
import { type Sshd, startSshd } from "../../support/sshd.js";

describe("a login that fails", function () {
  this.timeout(60_000);
  let sshd: Sshd;
  before(async () => {
    sshd = await startSshd();
  });
  const others: Sshd[] = [];
  after(() => {
    for (const each of [sshd, ...others]) each.stop();
  });
  const sshdWith = async (setting: string) => {
    const started = await startSshd([setting]);
    others.push(started);
    return started.port;
  };

  const file = (name: string, text: string) => {
    writeFileSync(join(sshd.directory, name), text, { mode: 0o600 });
    return join(sshd.directory, name);
  };
  const locked = () => {
    const path = join(sshd.directory, "locked");
    copyFileSync(sshd.clientKey, path);
    execFileSync("ssh-keygen", ["-q", "-p", "-N", "open sesame", "-f", path]);
    return path;
  };
  const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJl1Cn8XxDGKkwEKkmD9nEmPTPHgmLhBmLqHbHqEMVPQ";
  const here = () => `[127.0.0.1]:${sshd.port}`;
  const silent = async () => {
    const server = createServer((socket) => socket.on("error", () => {}));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    server.unref();
    return Object(server.address()).port as number;
  };
  const cases: readonly (readonly [what: string, given: () => object | Promise<object>, said: RegExp])[] = [
    ["nobody listens", () => ({ port: 1 }), /the connection was refused/],
    ["nobody answers", async () => ({ port: await silent(), perDialTimeout: 0.3 }), /no login within 0\.3 s/],
    ["the name is not known", () => ({ host: "no.such.host.invalid" }), /resolver/],
    [
      "the host key is not known",
      () => ({ knownHostsFile: file("none", "") }),
      /host key ssh-ed25519 SHA256:\S+ is not known: no line for/,
    ],
    [
      "the host key is another",
      () => ({ knownHostsFile: file("other", `${here()} ${other}`) }),
      /another machine may be answering/,
    ],
    [
      "the host key is revoked",
      () => ({ knownHostsFile: file("revoked", `@revoked * ${sshd.hostKey("ed25519")}`) }),
      /is revoked at .*revoked:1/,
    ],
    [
      "the ssh config names no known hosts file",
      () => ({ knownHostsFile: "/dev/null" }),
      /console, then pin it as `hostKey: "SHA256:\S+"` of the connection: by its settings .* known hosts are kept nowhere\.$/,
    ],
    [
      "only a certificate authority vouches for the host",
      () => ({ knownHostsFile: file("authority", `@cert-authority ${here()} ${sshd.hostKey("rsa")}`) }),
      /is not known: .*the certificate authority at .*authority:1 does not count, .*\. Compare .* add it: /,
    ],
    ["known hosts cannot be read", () => ({ knownHostsFile: sshd.directory }), /cannot be read \(EISDIR\)/],
    ["the pinned key is another", () => ({ hostKey: other }), /pinned as `hostKey` is/],
    ["the pinned key is none", () => ({ hostKey: "x" }), /its `hostKey` cannot be read/],
    [
      "the key is not there",
      () => ({ privateKeyFile: "/nowhere" }),
      /privateKeyFile \/nowhere cannot be read \(ENOENT\)/,
    ],
    ["the key is none", () => ({ privateKeyFile: file("rubbish", "x") }), /is no private key/],
    ["the key is encrypted", () => ({ privateKeyFile: locked() }), /no `privateKeyPassword` is given/],
    [
      "the passphrase is another",
      () => ({ privateKeyFile: locked(), privateKeyPassword: "x" }),
      /another passphrase/,
    ],
    [
      "the key is not let in",
      () => ({ user: "nobody-here" }),
      /the login as nobody-here was refused \(tried publickey/,
    ],
    [
      "the host trusts only certificates",
      () => {
        const key = join(sshd.directory, "certified");
        copyFileSync(sshd.clientKey, key);
        file("certified-cert.pub", "");
        return { user: "nobody-here", privateKeyFile: key };
      },
      /certified-cert\.pub is not offered, because dockroute cannot use certificates\)\. .* Add the key itself to the host's authorized_keys: `ssh-keygen -y -f \S+ \| ssh -i \S+ .*nobody-here@127/,
    ],
    [
      "sshd allows only key exchanges that ssh2 does not know",
      async () => ({ port: await sshdWith("KexAlgorithms sntrup761x25519-sha512@openssh.com") }),
      /only algorithms .* \(Handshake failed: no matching key exchange algorithm\)\. .*Add curve25519-sha256 to the list of KexAlgorithms/,
    ],
    [
      "sshd allows only ciphers that ssh2 does not offer",
      async () => ({ port: await sshdWith("Ciphers aes128-cbc") }),
      /no matching C->S cipher\)\. .*Add aes256-gcm@openssh\.com to the list of Ciphers/,
    ],
    [
      "the hop is not reached",
      () => ({ proxy: { host: "127.0.0.1", port: 1 } }),
      /its hop root@127\.0\.0\.1:1: the connection was refused/,
    ],
  ];
  /** After these, a host that is said to be gone for good is believed to be. */
  const isSilent = new Set([
    "nobody listens",
    "nobody answers",
    "the name is not known",
    "the host key is another",
    "the pinned key is another",
  ]);
  for (const [what, given, said] of cases) {
    it(`because ${what} names host, endpoint, cause and what to do`, async () => {
      const own = {
        privateKeyFile: sshd.clientKey,
        knownHostsFile: sshd.knownHosts,
        port: sshd.port,
        user: sshd.user,
      };
      const written = { dialErrorLimit: 1, ...own, ...(await given()) };
      const read = readConnection(written, "c");
      if (!("connection" in read)) throw new Error(JSON.stringify(read.faults));
      const pool = new Pool();
      const connection = {
        ...completeConnection(read.connection, "127.0.0.1"),
        host: read.connection.host ?? "127.0.0.1",
      };
      const error = await pool.link("alpha", connection).then(
        (link: Link) => link.close(),
        (reason: unknown) => reason,
      );
      await pool.close();
      assert.ok(error instanceof errors.Unreachable, String(error));
      assert.equal(error.silent, isSilent.has(what), "whether the host itself said nothing");
      readable(error.message, "alpha (", [
        /^alpha \(\S+@\S+:\d+\): not reached: /,
        said,
        "Nothing was changed on it.",
      ]);
    });
  }
});
