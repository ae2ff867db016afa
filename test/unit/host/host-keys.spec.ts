/** F2: host keys. A key is let in where OpenSSH's own ssh lets it in, for every form of a line; and never more. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { completeConnection, readConnection } from "../../../provider/host/login/connection.js";
import { knownName, namesMatch, parseKnownHosts } from "../../../provider/host/login/known-hosts.js";
import { Pool } from "../../../provider/host/login/pool.js";
import { type Sshd, startSshd } from "../../support/sshd.js";

describe("F2: a host key", function () {
  this.timeout(120_000);
  let sshd: Sshd;
  before(async () => {
    sshd = await startSshd();
  });
  after(() => sshd.stop());

  const lyingType = "a type that is not the key's";
  const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJl1Cn8XxDGKkwEKkmD9nEmPTPHgmLhBmLqHbHqEMVPQ";
  const file = (text: string): string => {
    const path = join(sshd.directory, "known");
    writeFileSync(path, text);
    return path;
  };
  const hashed = (text: string): string => {
    const path = file(text);
    execFileSync("ssh-keygen", ["-q", "-H", "-f", path], { stdio: "ignore" });
    return readFileSync(path, "utf8");
  };

  /** True where ssh itself logs in with this file; nothing of the machine's own ssh is asked. */
  function ssh(known: string): boolean {
    const options = [
      "StrictHostKeyChecking=yes",
      `UserKnownHostsFile=${known}`,
      "GlobalKnownHostsFile=/dev/null",
    ];
    const more = ["BatchMode=yes", "IdentitiesOnly=yes", "UpdateHostKeys=no", "LogLevel=ERROR"];
    const argv = [...options, ...more].flatMap((option) => ["-o", option]);
    const where = ["-F", "none", "-i", sshd.clientKey, "-p", String(sshd.port), `${sshd.user}@127.0.0.1`];
    return spawnSync("ssh", [...argv, ...where, "true"], { timeout: 20_000 }).status === 0;
  }

  /** The same by dockroute; with a password at hand, which a wrong machine must not see. */
  async function ours(
    known: string,
  ): Promise<{ readonly well: boolean; readonly said: string; readonly log: string }> {
    const read = readConnection(
      {
        privateKeyFile: sshd.clientKey,
        knownHostsFile: known,
        port: sshd.port,
        user: sshd.user,
        dialErrorLimit: 1,
      },
      "c",
    );
    if (!("connection" in read)) throw new Error(JSON.stringify(read.faults));
    const pool = new Pool();
    const start = sshd.log().length;
    try {
      const link = await pool.link("alpha", completeConnection(read.connection, "127.0.0.1"));
      const { code } = await link.exec("true", "", { idle: 9, total: 9 });
      return { well: code === 0, said: "", log: "" };
    } catch (error) {
      await sleep(100);
      return { well: false, said: String(error), log: sshd.log().slice(start) };
    } finally {
      await pool.close();
    }
  }

  const ed = () => sshd.hostKey("ed25519");
  const rsa = () => sshd.hostKey("rsa");
  const here = () => `[127.0.0.1]:${sshd.port}`;
  const forms: readonly (readonly [what: string, text: () => string])[] = [
    ["its name and port", () => `${here()} ${ed()}`],
    ["its name without the port", () => `127.0.0.1 ${ed()}`],
    ["another port", () => `[127.0.0.1]:1 ${ed()}`],
    ["hashed", () => hashed(`${here()} ${ed()}\n`)],
    ["hashed, without the port", () => hashed(`127.0.0.1 ${ed()}\n`)],
    ["hashed, another's", () => hashed(`[127.0.0.2]:22 ${ed()}\n`)],
    ["one of several names", () => `alpha,${here()},beta ${ed()}`],
    ["a wildcard", () => `[127.0.*]:* ${ed()}`],
    ["a wildcard for all", () => `* ${ed()}`],
    ["a wildcard for one character", () => `[127.0.0.?]:${sshd.port} ${ed()}`],
    ["a wildcard, itself negated", () => `*,!${here()} ${ed()}`],
    ["a wildcard, another negated", () => `*,!beta ${ed()}`],
    ["nothing but a negation", () => `!beta ${ed()}`],
    ["only its RSA key", () => `${here()} ${rsa()}`],
    ["its keys of both types", () => `${here()} ${rsa()}\n${here()} ${ed()}`],
    ["another key of the same type", () => `${here()} ${other}`],
    ["another key, and its own", () => `${here()} ${other}\n${here()} ${ed()}`],
    ["another ed25519 key and its own RSA key", () => `${here()} ${other}\n${here()} ${rsa()}`],
    ["its key, revoked", () => `${here()} ${ed()}\n@revoked ${here()} ${ed()}`],
    ["its key, revoked for all", () => `${here()} ${ed()}\n@revoked * ${ed()}`],
    ["its key, revoked for another", () => `${here()} ${ed()}\n@revoked beta ${ed()}`],
    ["its RSA key, with its ed25519 key revoked", () => `${here()} ${rsa()}\n@revoked * ${ed()}`],
    ["a certificate authority alone", () => `@cert-authority * ${ed()}`],
    ["a certificate authority beside its key", () => `@cert-authority * ${other}\n${here()} ${ed()}`],
    ["a marker that nobody knows", () => `@trusted ${here()} ${ed()}`],
    ["a comment", () => `# ${here()} ${ed()}`],
    [lyingType, () => `${here()} ssh-rsa ${ed().split(" ")[1]}`],
    ["cut in the middle", () => `${here()} ${ed().slice(0, -8)}`],
    ["empty", () => ""],
    ["rubbish, then its key", () => `\u0000\u0001 x\nssh-ed25519\n${here()} ${ed()}`],
    ["with CRLF, spaces and tabs", () => ` \t${here()}\t ${ed()} a comment\r\n`],
  ];

  for (const [what, text] of forms) {
    it(`in a file that has it as "${what}": let in exactly where ssh lets it in`, async () => {
      const known = file(text());
      const [theirs, own] = [ssh(known), await ours(known)];
      assert.equal(own.well, theirs, own.said);
      // A host that is not known gets no word of the login.
      if (!own.well) assert.doesNotMatch(own.log, /userauth-request/);
    });

    // ssh-keygen -F shows such a line, and ssh does not let in by it; nor do we.
    if (what === lyingType) continue;
    it(`in a file that has it as "${what}": found exactly where ssh-keygen -F finds it`, () => {
      const content = text();
      const known = file(content);
      for (const [host, port] of [
        ["127.0.0.1", sshd.port],
        ["127.0.0.1", 22],
        ["beta", 22],
      ] as const) {
        const asked = knownName(host, port);
        const found = spawnSync("ssh-keygen", ["-F", asked, "-f", known], { encoding: "utf8" });
        const own = parseKnownHosts(content, known).filter(({ names }) => namesMatch(names, asked));
        const lines = [...found.stdout.matchAll(/found: line (\d+)/g)].map(([, line]) => `${known}:${line}`);
        assert.deepEqual(
          own.map(({ where }) => where),
          lines,
          asked,
        );
      }
    });
  }

  it("in a file that cannot be read is refused, where ssh would pass over the file", async () => {
    const { well, said } = await ours(sshd.directory);
    assert.ok(!well);
    assert.match(
      said,
      /alpha \(.*\): not reached: the known hosts file .* cannot be read \(EISDIR\).*Nothing was changed on it\. Make/,
    );
  });
});
