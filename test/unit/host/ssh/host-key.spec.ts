import { doesNotMatch, equal, match } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Pool } from "../../../../provider/host/login/pool.js";
import { logins } from "../../../support/logins.js";

describe("a login over ssh judges the host key before any credential leaves", function () {
  this.timeout(60_000);
  const at = logins();

  const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJl1Cn8XxDGKkwEKkmD9nEmPTPHgmLhBmLqHbHqEMVPQ";
  const bad: readonly [string, () => object, RegExp][] = [
    [
      "unknown",
      () => ({ knownHostsFile: at.file("none", "") }),
      /is not known.*ssh-keyscan -t ed25519 -p \d+ 127/s,
    ],
    [
      "unknown, no file",
      () => ({ knownHostsFile: "/nowhere/known" }),
      /\/nowhere\/known \(which does not exist\)/,
    ],
    [
      "changed",
      () => ({ knownHostsFile: at.file("changed", `[127.0.0.1]:${at.sshd.port} ${other}`) }),
      /changed:1 .*another machine may be.*ssh-keygen -f .*changed -R '\[127\.0\.0\.1\]:\d+'/s,
    ],
    [
      "revoked",
      () => ({
        knownHostsFile: at.file(
          "revoked",
          `[127.0.0.1]:${at.sshd.port} ${at.sshd.hostKey("ed25519")}\n@revoked * ${at.sshd.hostKey("ed25519")}`,
        ),
      }),
      /is revoked at .*revoked:2/,
    ],
    ["an unreadable file", () => ({ knownHostsFile: at.sshd.directory }), /cannot be read \(EISDIR\)/],
    ["pinned another", () => ({ hostKey: other }), /pinned as `hostKey`/],
    ["pinned another print", () => ({ hostKey: `SHA256:${"A".repeat(43)}` }), /pinned as `hostKey`/],
    ["pinned rubbish", () => ({ hostKey: "ssh-ed25519 rubbish" }), /`hostKey` cannot be read/],
  ];
  for (const [what, given, message] of bad) {
    it(`${what}: refused`, async () => {
      const log = await at.logOf(() => at.refused(at.to({ ...given(), password: "hunter2" }), message));
      doesNotMatch(log, /userauth-request/);
    });
  }

  it("shows that the log would tell", async () => {
    match(await at.logOf(() => at.works(at.to())), /userauth-request/);
  });

  it("pinned: taken, as a line and as a fingerprint", async () => {
    await at.works(at.to({ hostKey: `${at.sshd.hostKey("ed25519")} a comment`, knownHostsFile: "/nowhere" }));
    const listed = execFileSync("ssh-keygen", ["-lf", "-"], {
      input: at.sshd.hostKey("rsa"),
      encoding: "utf8",
    });
    const both = `SHA256:${"A".repeat(43)}\n${listed.split(" ")[1]}\n${at.sshd.hostKey("ed25519")}`;
    await new Pool().link("alpha", at.to({ hostKey: both })).then((link) => link.close());
  });

  it("asks for the type that is on file", async () => {
    await at.works(
      at.to({ knownHostsFile: at.file("rsa", `[127.0.0.1]:${at.sshd.port} ${at.sshd.hostKey("rsa")}`) }),
    );
  });

  it("finds a hashed name", async () => {
    const path = at.file("hashed", readFileSync(at.sshd.knownHosts, "utf8"));
    execFileSync("ssh-keygen", ["-H", "-f", path], { stdio: "ignore" });
    await at.works(at.to({ knownHostsFile: path }));
  });

  it("leaves the file as it is", async () => {
    const before = readFileSync(at.sshd.knownHosts, "utf8");
    await at.works(at.to());
    await at.refused(at.to({ port: at.sshd.port, hostKey: other, user: "else" }), /pinned/);
    equal(readFileSync(at.sshd.knownHosts, "utf8"), before);
  });
});
