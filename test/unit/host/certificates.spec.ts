/** Certificates that an agent holds, and the messages on them. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { certificatesIn } from "../../../provider/host/login/agent.js";
import { unusedCertificate } from "../../../provider/host/login/certificates.js";
import { completeConnection } from "../../../provider/host/login/connection.js";

describe("a user's certificate", function () {
  this.timeout(30_000);
  const folder = mkdtempSync(join(tmpdir(), "dockroute-certificates-"));
  const socket = join(folder, "agent");
  const env = { ...process.env, SSH_AUTH_SOCK: socket };
  let agent: ChildProcess;
  const types = ["ed25519", "ecdsa", "rsa"];
  const lineOf = (name: string) =>
    readFileSync(join(folder, `${name}.pub`), "utf8")
      .split(" ")
      .slice(0, 2)
      .join(" ");

  before(async () => {
    agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    while (!existsSync(socket)) await sleep(20);
    const keygen = (...words: readonly string[]) =>
      execFileSync("ssh-keygen", ["-q", ...words], { cwd: folder, stdio: "ignore" });
    keygen("-t", "ed25519", "-N", "", "-f", "ca");
    for (const type of [...types, "none"]) {
      keygen("-t", type === "none" ? "ed25519" : type, "-N", "", "-C", `of ${type}`, "-f", type);
      if (type !== "none") keygen("-s", "ca", "-I", type, "-n", "root", `${type}.pub`);
    }
  });
  after(() => {
    agent.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  const add = (...words: readonly string[]) =>
    execFileSync("ssh-add", ["-q", ...words], { cwd: folder, env, stdio: "ignore" });
  beforeEach(() => add("-D"));

  for (const type of types) {
    it(`of ${type} is found in an agent, with its key if the agent holds that too`, async () => {
      add("none", type);
      assert.deepEqual(await certificatesIn(socket), [{ comment: `of ${type}`, key: lineOf(type) }]);
      writeFileSync(join(folder, "alone.pub"), readFileSync(join(folder, `${type}.pub`)));
      add("-d", "alone.pub");
      assert.deepEqual(await certificatesIn(socket), [{ comment: `of ${type}` }]);
    });
  }

  it("is in no agent that has none, is not there, or says nothing sensible", async () => {
    add("none");
    assert.deepEqual(await certificatesIn(socket), []);
    assert.deepEqual(await certificatesIn(join(folder, "nowhere")), []);
  });

  const connection = (more: object) =>
    completeConnection({ user: "ana", port: 2222, hostKey: "x", ...more }, "10.0.0.1");
  const tail = "'umask 077; mkdir -p ~/.ssh; cat >> ~/.ssh/authorized_keys'`.";

  it("beside a key's file has the command that adds the key", async () => {
    const key = join(folder, "ed25519");
    const found = await unusedCertificate(connection({}), [join(folder, "none"), key], undefined);
    assert.equal(found?.note, `${key}-cert.pub is not offered, because dockroute cannot use certificates`);
    const add = `ssh-keygen -y -f ${key} | ssh -i ${key} -p 2222 ana@10.0.0.1 ${tail}`;
    assert.equal(found?.advice, `Add the key itself to the host's authorized_keys: \`${add}`);
  });

  it("that CertificateFile names counts too; an alias and hops are those of the connection", async () => {
    const key = join(folder, "none");
    const ofAlias = connection({ certificates: ["/etc/cert"], alias: "the-box" });
    assert.match((await unusedCertificate(ofAlias, [key], undefined))?.advice ?? "", / ana@the-box '/);
    const proxy = [{ host: "10.0.0.9", user: "jo" }];
    const behind = connection({ certificates: ["/etc/cert"], proxy });
    assert.match(
      (await unusedCertificate(behind, [key], undefined))?.advice ?? "",
      / -J jo@10\.0\.0\.9:22 -p /,
    );
  });

  it("has no message where there is none", async () => {
    assert.equal(await unusedCertificate(connection({}), [join(folder, "none")], socket), undefined);
  });
});
