import { deepEqual, equal, match, throws } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { connectionOf, endpointFor } from "../../../provider/host/login/alias.js";
import { endpointOf, readConnection, type Written } from "../../../provider/host/login/connection.js";
import { connectionFor } from "../../../provider/host/login/credentials.js";
import { settingsOf } from "../../../provider/host/login/ssh-config.js";

describe("ssh's own configuration", () => {
  const homes: string[] = [];
  const before = process.env["HOME"];
  let home = "";

  /** A home of its own for each: a file that was read once holds for the process. */
  const given = (text: string, files: Readonly<Record<string, string>> = {}) => {
    home = mkdtempSync(join(tmpdir(), "dockroute-home-"));
    homes.push(home);
    process.env["HOME"] = home;
    for (const [name, content] of Object.entries({ config: text, ...files })) {
      const path = join(home, ".ssh", name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content.replaceAll("HOME", home), { mode: 0o600 });
    }
  };
  after(() => {
    process.env["HOME"] = before;
    for (const each of homes) rmSync(each, { recursive: true, force: true });
  });
  const written = (raw: object): Written => {
    const read = readConnection(raw, "connection");
    if ("connection" in read) return read.connection;
    throw new Error(JSON.stringify(read.faults));
  };
  const me = userInfo().username;
  const hops = (raw: object, address: string) =>
    connectionOf(written(raw), address).proxy.map((hop) => endpointOf(hop, hop.host));

  const big = `
# a comment
User = everywhere
Include HOME/.ssh/conf.d/*.conf
Host web "db one" *.example.org !not.example.org
  HostName %h.internal   # behind
  Port 2222
	IdentityFile ~/.ssh/web
  IdentityFile "/with space/key"
Host web
  Port 23
  User late
Match host *.internal
  IdentityFile /internal
Match originalhost web
  HostKeyAlias thatweb
host=deep
  hostname=10.1.2.3
  proxyjump=web
Host *
  IdentityFile /everywhere
  ConnectTimeout 7
`;
  const included = {
    "conf.d/10-first.conf": "Host deep\n  Port 99\n",
    "conf.d/20-second.conf":
      "Host deep\n  Port 98\n  User second\nHost included\n  Include HOME/.ssh/inner\n",
    inner: "HostName 10.9.9.9\nHost other\n  HostName 10.8.8.8\n",
    "conf.d/ignored.txt": "Host *\n  Port 1\n",
  };
  for (const name of ["web", "deep", "a.example.org", "not.example.org", "included", "other", "nobody"]) {
    it(`reads the same as ssh of ${name}`, () => {
      given(big, included);
      const config = join(home, ".ssh/config");
      const said = execFileSync("ssh", ["-G", "-F", config, name], { encoding: "utf8", stdio: "pipe" });
      const ssh = (keyword: string) =>
        [...said.matchAll(new RegExp(`^${keyword} (.*)$`, "gm"))].map(([, value = ""]) => value);
      const { values, identityFiles } = settingsOf(name);
      const own = connectionOf({}, name);
      deepEqual(
        [own.host, own.port, values.get("user"), own.perDialTimeout, own.hostKeyAlias, [...identityFiles]],
        [
          ...[ssh("hostname")[0], Number(ssh("port")[0]), ssh("user")[0], 7],
          ...[ssh("hostkeyalias")[0], ssh("identityfile")],
        ],
      );
      equal(values.get("proxyjump"), ssh("proxyjump")[0]);
    });
  }

  it("stands below what is written in the stack's config, and above the defaults", () => {
    given("Host box\n  HostName 10.0.0.9\n  User admin\n  Port 2222\n  IdentityFile ~/.ssh/box\n");
    equal(endpointFor({}, "box"), "admin@10.0.0.9:2222");
    equal(endpointFor(written({ host: "box", user: "me" }), "172.16.0.1"), "me@10.0.0.9:2222");
    equal(endpointFor(written({ port: 24 }), "box"), "admin@10.0.0.9:24");
    equal(endpointFor({}, "10.0.0.9"), "root@10.0.0.9:22");
    deepEqual(connectionOf({}, "box").identities, [join(home, ".ssh/box")]);
    const own = connectionOf(written({ privateKeyFile: "/mine", knownHostsFile: "/known" }), "box");
    deepEqual([own.identities, own.privateKeyFile, own.knownHostsFile], [undefined, "/mine", "/known"]);
  });

  it("is asked by the name in the config, also when the state says where the login goes", () => {
    given(
      "Host box\n  HostName 10.0.0.9\n  User admin\n  IdentityFile /box\nHost 10.7.*\n  IdentityFile /seven\n",
    );
    const config = (key: string) =>
      key === "dockroute:hosts"
        ? JSON.stringify([
            { name: "alpha", address: "192.168.1.1", connection: { host: "box" } },
            { name: "beta", address: "10.7.0.1" },
          ])
        : undefined;
    const login = connectionFor("alpha", "old@10.3.3.3:23", config);
    deepEqual([login.user, login.host, login.port, login.identities], ["old", "10.3.3.3", 23, ["/box"]]);
    deepEqual(connectionFor("beta", "root@b.example.org:22", config).identities, ["/seven"]);
    deepEqual(connectionFor("left", "root@10.7.0.2:22", config).identities, ["/seven"]);
  });

  it("leads through its hops, each by its own settings", () => {
    given(
      [
        "Host far\n  ProxyJump near,mid@middle:2200",
        "Host near\n  HostName 10.0.0.1\n  User jump\n  ProxyJump door",
        "Host middle\n  HostName 10.0.0.2\n  ProxyJump ignored",
        "Host door\n  HostName 10.0.0.3",
        "Host direct\n  ProxyJump none\n",
        "Host uri\n  ProxyJump ssh://u@[fe80::1]:24",
        "Host old\n  ProxyCommand ssh -q -W %h:%p near\nHost old2\n  ProxyCommand /usr/bin/ssh near -W %h:%p\n",
      ].join("\n"),
    );
    const through = [`${me}@10.0.0.3:22`, "jump@10.0.0.1:22"];
    deepEqual(hops({}, "far"), [...through, "mid@10.0.0.2:2200"]);
    deepEqual(hops({}, "direct"), []);
    deepEqual(hops({}, "uri"), ["u@[fe80::1]:24"]);
    deepEqual(hops({}, "old"), through);
    deepEqual(hops({}, "old2"), through);
    // The stack's own config comes first.
    deepEqual(hops({ proxy: [] }, "far"), []);
    deepEqual(hops({ proxy: { host: "door", port: 9 } }, "far"), ["root@10.0.0.3:9"]);
    equal(connectionOf({}, "far").proxy[1]?.alias, "near");
  });

  const faulty: readonly [what: string, text: string, reason: RegExp][] = [
    ["jumps in a circle", "Host a\n ProxyJump b\nHost b\n ProxyJump a\n", /a lead in a circle: a -> b -> a/],
    ["a command", "Host a\n ProxyCommand nc %h %p\n", /ProxyCommand of a is not followed; .*ProxyJump/],
    ["a port that is none", "Host a\n Port many\n", /ssh's settings of a\.port: /],
    ["a user that is none", "Host a\n User -oProxyCommand=x\n", /ssh's settings of a\.user: is no user/],
    ["files in a circle", "Include ~/.ssh/config\n", /config: files are included in a circle/],
  ];
  for (const [what, text, reason] of faulty) {
    it(`names ${what}`, () => {
      given(text);
      throws(() => connectionOf({}, "a"), reason);
      throws(() => connectionFor("alpha", "root@a:22", () => undefined), /its login.*connection: /s);
    });
  }

  it("is refused where others can write it", () => {
    given("Host a\n");
    chmodSync(join(home, ".ssh/config"), 0o666);
    throws(() => settingsOf("a"), /can be written by others: `chmod go-w /);
  });

  it("takes tokens and the environment", () => {
    process.env["DOCKROUTE_TEST_AGENT"] = "/run/agent";
    given(
      "Host a\n  HostName 10.0.0.1\n  IdentityFile %d/keys/%r@%h-%n-%p-%%\n  UserKnownHostsFile ~/one /two\n" +
        "  IdentityAgent $DOCKROUTE_TEST_AGENT\n  IdentitiesOnly yes\nHost b\n  IdentityAgent none\n",
    );
    const a = connectionOf({}, "a");
    deepEqual(a.identities, [`${home}/keys/root@10.0.0.1-a-22-%`]);
    deepEqual([a.agentSocketPath, a.identitiesOnly], ["/run/agent", true]);
    deepEqual(a.knownHostsFiles, [`${home}/one`, "/two"]);
    equal(connectionOf({}, "b").agentSocketPath, "");
    match(connectionOf({}, "b").knownHostsFile, /known_hosts$/);
  });
});
