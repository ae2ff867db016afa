import { deepEqual, doesNotMatch, equal, match, throws } from "node:assert/strict";
import { homedir } from "node:os";
import { inspect } from "node:util";
import { Refused } from "../../../provider/engine/errors/refused.js";
import {
  endpointOf,
  mergeConnections,
  parseEndpoint,
  readConnection,
  type Written,
} from "../../../provider/host/login/connection.js";
import { configuredHosts, connectionFor, leavingHosts } from "../../../provider/host/login/credentials.js";
import { Secret } from "../../../provider/host/login/secret.js";

const read = (raw: object): Written => {
  const result = readConnection(raw, "connection");
  if ("connection" in result) return result.connection;
  throw new Error(JSON.stringify(result.faults));
};
const faults = (raw: unknown) => {
  const result = readConnection(raw, "at");
  return "faults" in result ? result.faults : [];
};

describe("a connection as it is written", () => {
  it("has every field of @pulumi/command, and more", () => {
    const all = {
      host: "h",
      port: 22,
      user: "u",
      password: "p",
      privateKey: "k",
      privateKeyPassword: "x",
      agentSocketPath: "/a",
      hostKey: "ssh-ed25519 AAAA",
      dialErrorLimit: -1,
      perDialTimeout: 0,
      privateKeyFile: "/k",
      knownHostsFile: "/n",
      idleTimeout: 1,
      totalTimeout: 2,
      proxy: { host: "hop", password: "q" },
    };
    deepEqual(faults(all), []);
    deepEqual(faults({ proxy: [{ host: "one" }, { host: "two" }] }), []);
    deepEqual(faults(undefined), []);
  });

  it("says every fault at once, each at its place", () => {
    const found = faults({
      prot: 2222,
      port: 99999,
      user: "-oProxyCommand=x",
      proxy: [{ host: "a" }, { hots: "b" }],
    });
    deepEqual(found.map(({ property }) => property).sort(), [
      "at.port",
      "at.prot",
      "at.proxy[1].host",
      "at.proxy[1].hots",
      "at.user",
    ]);
  });

  it("says nothing of the value of a field it does not know or cannot read", () => {
    doesNotMatch(JSON.stringify(faults({ pasword: "hunter2", password: { a: "hunter2" } })), /hunter2/);
  });

  it("never lets a name be an option or a piece of shell", () => {
    for (const host of ["-oProxyCommand=id", "a b", "$(id)", "`id`", "a;b", "a\nb", "a'b", "", "u@h"]) {
      equal(faults({ host }).length, 1, host);
    }
    for (const host of ["alpha.example.org", "10.0.0.1", "fe80::1", "fe80::1%eth0", "host_1"]) {
      deepEqual(faults({ host }), []);
    }
  });

  it("prints no secret, whoever prints it", () => {
    const secret = new Secret("hunter2");
    for (const shown of [String(secret), `${secret}`, JSON.stringify({ secret }), inspect({ a: [secret] })]) {
      match(shown, /\[secret\]/);
      doesNotMatch(shown, /hunter2/);
    }
    doesNotMatch(inspect(read({ password: "hunter2", privateKey: "hunter2" }), { depth: 9 }), /hunter2/);
    equal(secret.reveal(), "hunter2");
  });

  it("is at home under ~", () => {
    equal(read({ privateKeyFile: "~/.ssh/k" }).privateKeyFile, `${homedir()}/.ssh/k`);
  });
});

describe("levels of a connection", () => {
  it("stand over one another, field by field", () => {
    const merged = mergeConnections(read({ port: 2222 }), read({ port: 23, user: "admin" }));
    deepEqual(merged, { port: 2222, user: "admin" });
  });

  it("do not mix two ways to say the same", () => {
    const merged = mergeConnections(
      read({ hostKey: "SHA256:x" }),
      read({ knownHostsFile: "/n", privateKeyFile: "/k" }),
    );
    deepEqual(merged, { hostKey: "SHA256:x", privateKeyFile: "/k" });
    deepEqual(mergeConnections(read({ privateKeyFile: "/mine" }), read({ privateKey: "theirs" })), {
      privateKeyFile: "/mine",
    });
  });
});

describe("an endpoint", () => {
  it("is read as it is written", () => {
    for (const [user, host, port] of [
      ["root", "10.0.0.1", 22],
      ["admin", "fe80::1", 2222],
      ["a", "alpha.example.org", 65535],
    ] as const) {
      deepEqual(parseEndpoint(endpointOf({ user, host, port }, "ignored")), { user, host, port });
    }
    equal(endpointOf(undefined, "fe80::1"), "root@[fe80::1]:22");
    equal(endpointOf({ host: "other", port: 2222 }, "10.0.0.1"), "root@other:2222");
  });

  it("is nothing else", () => {
    for (const text of [
      "",
      "root",
      "root@h",
      "root@h:0",
      "root@h:70000",
      "@h:22",
      "root@fe80::1:22",
      "a@b@c:22",
    ]) {
      equal(parseEndpoint(text), undefined, text);
    }
  });
});

describe("the login at a host", () => {
  const config = (values: Record<string, unknown>) => (key: string) =>
    key in values ? JSON.stringify(values[key]) : undefined;
  const mesh = config({
    "dockroute:connection": { user: "root", privateKeyFile: "/default", knownHostsFile: "/known" },
    "dockroute:hosts": [
      { name: "beta", address: "10.0.0.2" },
      {
        name: "alpha",
        address: "10.0.0.1",
        connection: { port: 2222, user: "admin", privateKeyFile: "/alpha" },
      },
    ],
    "dockroute:leaving": [
      { name: "alpha", connection: { privateKeyFile: "/stale" } },
      { name: "delta", connection: { privateKeyFile: "/delta" } },
      { name: "omega", gone: true },
    ],
  });

  it("is looked up by the host's name, and goes where the state says", () => {
    const login = connectionFor("alpha", "old@10.9.9.9:23", mesh);
    equal(login.privateKeyFile, "/alpha");
    deepEqual([login.user, login.host, login.port], ["old", "10.9.9.9", 23]);
  });

  it("is that of a leaving host, or the default", () => {
    equal(connectionFor("delta", "root@d:22", mesh).privateKeyFile, "/delta");
    equal(connectionFor("beta", "root@b:22", mesh).privateKeyFile, "/default");
    equal(connectionFor("nobody", "root@n:22", mesh).privateKeyFile, "/default");
    equal(
      connectionFor("nobody", "root@n:22", () => undefined).knownHostsFile,
      `${homedir()}/.ssh/known_hosts`,
    );
  });

  it("is the one that a program gave, over the config's", () => {
    const login = connectionFor("alpha", "root@a:22", mesh, { host: "x", password: "p" });
    equal(login.password?.reveal(), "p");
    equal(login.host, "a");
  });

  it("is refused with every fault, and without a value of it", () => {
    const broken = config({
      "dockroute:connection": { pasword: "hunter2" },
      "dockroute:hosts": [{ name: "alpha", connection: { port: "hunter2" } }],
    });
    throws(
      () => connectionFor("alpha", "root@a:22", broken),
      (error) => {
        match(String(error), /dockroute:connection\.pasword/);
        match(String(error), /dockroute:hosts\[0\]\.connection\.port/);
        doesNotMatch(String(error), /hunter2/);
        return error instanceof Refused;
      },
    );
    const rubbish = (key: string) => (key === "dockroute:connection" ? '{"password": "hunter2' : undefined);
    throws(() => connectionFor("alpha", "root@a:22", rubbish), /dockroute:connection: is not JSON/);
    throws(() => connectionFor("alpha", "a:22", mesh), /endpoint/);
  });

  it("is known for every host of the config", () => {
    deepEqual(configuredHosts(mesh), [
      { name: "beta", endpoint: "root@10.0.0.2:22" },
      { name: "alpha", endpoint: "admin@10.0.0.1:2222" },
    ]);
    deepEqual(
      leavingHosts(mesh).map(({ name, gone }) => [name, gone]),
      [
        ["alpha", false],
        ["delta", false],
        ["omega", true],
      ],
    );
  });
});
