import { doesNotMatch, equal, match, rejects } from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { logins } from "../../../support/logins.js";

describe("a login over ssh with a credential", function () {
  this.timeout(60_000);
  const at = logins();

  const encrypted = () => {
    const path = join(at.sshd.directory, "encrypted");
    if (existsSync(path)) return path;
    copyFileSync(at.sshd.clientKey, path);
    chmodSync(path, 0o600);
    execFileSync("ssh-keygen", ["-q", "-p", "-N", "open sesame", "-f", path]);
    return path;
  };
  const key = () => readFileSync(at.sshd.clientKey, "utf8");

  it("that is the text of a key", () => at.works(at.to({ privateKeyFile: undefined, privateKey: key() })));
  it("that is an encrypted key", () =>
    at.works(at.to({ privateKeyFile: encrypted(), privateKeyPassword: "open sesame" })));
  it("without its passphrase", () =>
    at.refused(at.to({ privateKeyFile: encrypted() }), /encrypted and no `privateKeyPassword`/));
  it("with another's passphrase", () =>
    at.refused(
      at.to({ privateKeyFile: encrypted(), privateKeyPassword: "x" }),
      /encrypted with another passphrase/,
    ));
  it("that is not there", () =>
    at.refused(at.to({ privateKeyFile: "/nowhere/key" }), /\/nowhere\/key.*ENOENT/));
  it("that is a public key", () =>
    at.refused(at.to({ privateKeyFile: `${at.sshd.clientKey}.pub` }), /public key/));
  it("that is none", () =>
    at.refused(at.to({ privateKeyFile: at.file("rubbish", "rubbish") }), /no private key/));
  it("that the host does not take, once, and without a word of it", async () => {
    const given = { privateKeyFile: undefined, password: "hunter2", dialErrorLimit: 5 };
    const log = await at.logOf(() =>
      rejects(at.pool.link("alpha", at.to(given)), (error) => {
        match(String(error), /login as \w+ was refused \(tried password; it takes publickey\)/);
        doesNotMatch(String(error), /hunter2/);
        return true;
      }),
    );
    equal(log.match(/^Connection from /gm)?.length, 1);
  });

  describe("of an agent", () => {
    let agent: ChildProcess;
    const socket = () => join(at.sshd.directory, "agent");
    before(async () => {
      agent = spawn("ssh-agent", ["-D", "-a", socket()], { stdio: "ignore" });
      while (!existsSync(socket())) await sleep(20);
      const env = { ...process.env, SSH_AUTH_SOCK: socket() };
      execFileSync("ssh-add", ["-q", at.sshd.clientKey], { env });
    });
    after(() => agent.kill());

    it("that is named", () => at.works(at.to({ privateKeyFile: undefined, agentSocketPath: socket() })));
    it("that is the environment's", async () => {
      const before = process.env["SSH_AUTH_SOCK"];
      process.env["SSH_AUTH_SOCK"] = socket();
      await at.works(at.to({ privateKeyFile: undefined })).finally(() => {
        if (before === undefined) delete process.env["SSH_AUTH_SOCK"];
        else process.env["SSH_AUTH_SOCK"] = before;
      });
    });
    it("that is gone", () =>
      at.refused(
        at.to({ privateKeyFile: undefined, agentSocketPath: "/nowhere/agent" }),
        /the agent failed/,
      ));
  });
});
