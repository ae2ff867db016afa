import { deepEqual, equal } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import {
  judge,
  knownName,
  knownTypes,
  namesMatch,
  parseKnownHosts,
} from "../../../provider/host/login/known-hosts.js";

const blob = (type: string, text: string) => {
  const field = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  return Buffer.concat([field(Buffer.from(type)), field(Buffer.from(text.padEnd(32, ".")))]);
};
const ed = blob("ssh-ed25519", "one");
const other = blob("ssh-ed25519", "two");
const rsa = blob("ssh-rsa", "three");
const line = (names: string, key = ed, type = "ssh-ed25519") => `${names} ${type} ${key.toString("base64")}`;
const hashed = (name: string) => {
  const salt = randomBytes(20);
  const hash = createHmac("sha1", salt).update(name).digest("base64");
  return `|1|${salt.toString("base64")}|${hash}`;
};

describe("known hosts", () => {
  const cases: readonly [what: string, text: string, expected: string, host?: string, port?: number][] = [
    ["a plain name", line("alpha"), "match"],
    ["one of several names", line("beta,alpha,10.0.0.1"), "match"],
    ["a name in capitals", line("ALPHA"), "match"],
    ["a hashed name", line(hashed("alpha")), "match"],
    ["another's hashed name", line(hashed("beta")), "not"],
    ["a hash of another version", line(hashed("alpha").replace("|1|", "|2|")), "not"],
    ["a wildcard", line("al*"), "match"],
    ["a wildcard for one character", line("alph?"), "match"],
    ["a dot is a dot", line("a.pha"), "not"],
    ["a negated name", line("*,!alpha"), "not"],
    ["a negated other name", line("*,!beta"), "match"],
    ["nothing but a negated other name", line("!beta"), "not"],
    ["a port of its own", line("[alpha]:2222"), "match", "alpha", 2222],
    ["another port", line("[alpha]:2222"), "not", "alpha", 2223],
    ["the port where none is", line("[alpha]:2222"), "not"],
    ["a hashed name with port", line(hashed("[alpha]:2222")), "match", "alpha", 2222],
    ["the name without its port, as ssh accepts it", line("alpha"), "match", "alpha", 2222],
    ["another key without the port says nothing", line("alpha", other), "not", "alpha", 2222],
    ["an IPv6 address", line("fe80::1"), "match", "fe80::1"],
    ["an IPv6 address with port", line("[fe80::1]:2222"), "match", "fe80::1", 2222],
    ["another key of the same type", line("alpha", other), "changed"],
    ["a key of another type only", line("alpha", rsa, "ssh-rsa"), "changed"],
    ["one right key of several", `${line("alpha", other)}\n${line("alpha")}`, "match"],
    ["a revoked key", `${line("alpha")}\n@revoked ${line("*")}`, "revoked"],
    ["another revoked key", `${line("alpha")}\n@revoked ${line("*", other)}`, "match"],
    ["a key revoked for others", `${line("alpha")}\n@revoked ${line("beta")}`, "match"],
    ["a certificate authority", `@cert-authority ${line("*")}`, "not"],
    ["a marker that nobody knows", `@trusted ${line("alpha")}`, "not"],
    ["a comment", `# ${line("alpha")}`, "not"],
    ["a line that lies about the type", line("alpha", ed, "ssh-rsa"), "not"],
    ["rubbish", "alpha ssh-ed25519\nalpha\n\n   \nalpha ssh-ed25519 %%%", "not"],
    ["tabs, spaces and CRLF", ` \t${line("alpha").replaceAll(" ", "\t ")} a comment\r\n`, "match"],
    ["an empty file", "", "not"],
  ];
  for (const [what, text, expected, host = "alpha", port = 22] of cases) {
    it(`${what}: ${expected}`, () => {
      equal(judge(parseKnownHosts(text, "file"), host, port, ed).known, expected);
    });
  }

  it("says where the line is", () => {
    const verdict = judge(parseKnownHosts(`\n# x\n@revoked ${line("alpha")}`, "/f"), "alpha", 22, ed);
    deepEqual(verdict, { known: "revoked", where: "/f:3" });
  });

  it("names the types on file, without authorities and revoked keys", () => {
    const text = [
      line("alpha", rsa, "ssh-rsa"),
      `@revoked ${line("alpha")}`,
      `@cert-authority ${line("alpha")}`,
      line("beta"),
    ].join("\n");
    deepEqual(knownTypes(parseKnownHosts(text, "f"), "alpha", 22), ["ssh-rsa"]);
  });

  it("finds the same lines as ssh-keygen -F", () => {
    const directory = mkdtempSync(join(tmpdir(), "dockroute-known-"));
    const file = join(directory, "known_hosts");
    const name = fc.constantFrom("alpha", "al.pha", "10.0.0.1", "fe80::1", "b-1", "a");
    const pattern = fc.oneof(name, fc.stringMatching(/^[ab1.*?-]{1,4}$/), fc.constant("[alpha]:2222"));
    const negated = fc.tuple(fc.constantFrom("", "", "!"), pattern).map((both) => both.join(""));
    const names = fc.oneof(
      fc.array(negated, { minLength: 1, maxLength: 4 }).map((all) => all.join(",")),
      name.map((each) => hashed(each)),
    );
    const port = fc.constantFrom(22, 2222);
    try {
      fc.assert(
        fc.property(names, name, port, (field, host, at) => {
          writeFileSync(file, `${line(field)}\n`);
          const asked = knownName(host, at);
          const found = spawnSync("ssh-keygen", ["-F", asked, "-f", file]).status === 0;
          equal(namesMatch(field, asked), found, `${field} for ${asked}`);
        }),
        { numRuns: 150 },
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
