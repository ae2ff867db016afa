import { doesNotMatch, equal, match, ok, rejects } from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Unreachable } from "../../../provider/errors.js";
import { type Connection, completeConnection, readConnection } from "../../../provider/host/connection.js";
import { Pool } from "../../../provider/host/ssh.js";
import { type Sshd, startSshd } from "../../support/sshd.js";

const limits = { idle: 10, total: 20 };

describe("a login over ssh", function () {
  this.timeout(60_000);
  let sshd: Sshd;
  let pool: Pool;

  before(async () => {
    sshd = await startSshd(["MaxSessions 3"]);
  });
  after(() => sshd.stop());
  beforeEach(() => {
    pool = new Pool();
  });
  afterEach(() => pool.close());

  const to = (given: object = {}): Connection => {
    const own = { privateKeyFile: sshd.clientKey, knownHostsFile: sshd.knownHosts };
    const read = readConnection(
      { ...own, port: sshd.port, user: sshd.user, dialErrorLimit: 1, ...given },
      "c",
    );
    if (!("connection" in read)) throw new Error(JSON.stringify(read.faults));
    return completeConnection(read.connection, "127.0.0.1");
  };
  const file = (name: string, text: string) => {
    const path = join(sshd.directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const works = async (connection: Connection) => {
    const link = await pool.link("alpha", connection);
    equal((await link.exec("echo hello", "", limits)).stdout, "hello\n");
  };
  const refused = (connection: Connection, message: RegExp) =>
    rejects(pool.link("alpha", connection), (error) => {
      ok(error instanceof Unreachable);
      match(error.message, message);
      return true;
    });
  /** Runs something and gives what sshd logged meanwhile. */
  const logOf = async (work: () => Promise<unknown>) => {
    const start = sshd.log().length;
    await work();
    await sleep(200);
    return sshd.log().slice(start);
  };

  describe("judges the host key before any credential leaves", () => {
    const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJl1Cn8XxDGKkwEKkmD9nEmPTPHgmLhBmLqHbHqEMVPQ";
    const bad: readonly [string, () => object, RegExp][] = [
      [
        "unknown",
        () => ({ knownHostsFile: file("none", "") }),
        /is not known.*ssh-keyscan -t ed25519 -p \d+ 127/s,
      ],
      [
        "unknown, no file",
        () => ({ knownHostsFile: "/nowhere/known" }),
        /\/nowhere\/known \(which does not exist\)/,
      ],
      [
        "changed",
        () => ({ knownHostsFile: file("changed", `[127.0.0.1]:${sshd.port} ${other}`) }),
        /changed:1 .*another machine may be.*ssh-keygen -f .*changed -R '\[127\.0\.0\.1\]:\d+'/s,
      ],
      [
        "revoked",
        () => ({
          knownHostsFile: file(
            "revoked",
            `[127.0.0.1]:${sshd.port} ${sshd.hostKey("ed25519")}\n@revoked * ${sshd.hostKey("ed25519")}`,
          ),
        }),
        /is revoked at .*revoked:2/,
      ],
      ["an unreadable file", () => ({ knownHostsFile: sshd.directory }), /cannot be read \(EISDIR\)/],
      ["pinned another", () => ({ hostKey: other }), /pinned as `hostKey`/],
      ["pinned another print", () => ({ hostKey: `SHA256:${"A".repeat(43)}` }), /pinned as `hostKey`/],
      ["pinned rubbish", () => ({ hostKey: "ssh-ed25519 rubbish" }), /`hostKey` cannot be read/],
    ];
    for (const [what, given, message] of bad) {
      it(`${what}: refused`, async () => {
        const log = await logOf(() => refused(to({ ...given(), password: "hunter2" }), message));
        doesNotMatch(log, /userauth-request/);
      });
    }

    it("shows that the log would tell", async () => {
      match(await logOf(() => works(to())), /userauth-request/);
    });

    it("pinned: taken, as a line and as a fingerprint", async () => {
      await works(to({ hostKey: `${sshd.hostKey("ed25519")} a comment`, knownHostsFile: "/nowhere" }));
      const listed = execFileSync("ssh-keygen", ["-lf", "-"], {
        input: sshd.hostKey("rsa"),
        encoding: "utf8",
      });
      const both = `SHA256:${"A".repeat(43)}\n${listed.split(" ")[1]}\n${sshd.hostKey("ed25519")}`;
      await new Pool().link("alpha", to({ hostKey: both })).then((link) => link.close());
    });

    it("asks for the type that is on file", async () => {
      await works(to({ knownHostsFile: file("rsa", `[127.0.0.1]:${sshd.port} ${sshd.hostKey("rsa")}`) }));
    });

    it("finds a hashed name", async () => {
      const path = file("hashed", readFileSync(sshd.knownHosts, "utf8"));
      execFileSync("ssh-keygen", ["-H", "-f", path], { stdio: "ignore" });
      await works(to({ knownHostsFile: path }));
    });

    it("leaves the file as it is", async () => {
      const before = readFileSync(sshd.knownHosts, "utf8");
      await works(to());
      await refused(to({ port: sshd.port, hostKey: other, user: "else" }), /pinned/);
      equal(readFileSync(sshd.knownHosts, "utf8"), before);
    });
  });

  describe("with a credential", () => {
    const encrypted = () => {
      const path = join(sshd.directory, "encrypted");
      if (existsSync(path)) return path;
      copyFileSync(sshd.clientKey, path);
      chmodSync(path, 0o600);
      execFileSync("ssh-keygen", ["-q", "-p", "-N", "open sesame", "-f", path]);
      return path;
    };
    const key = () => readFileSync(sshd.clientKey, "utf8");

    it("that is the text of a key", () => works(to({ privateKeyFile: undefined, privateKey: key() })));
    it("that is an encrypted key", () =>
      works(to({ privateKeyFile: encrypted(), privateKeyPassword: "open sesame" })));
    it("without its passphrase", () =>
      refused(to({ privateKeyFile: encrypted() }), /encrypted and no `privateKeyPassword`/));
    it("with another's passphrase", () =>
      refused(
        to({ privateKeyFile: encrypted(), privateKeyPassword: "x" }),
        /encrypted with another passphrase/,
      ));
    it("that is not there", () => refused(to({ privateKeyFile: "/nowhere/key" }), /\/nowhere\/key.*ENOENT/));
    it("that is a public key", () => refused(to({ privateKeyFile: `${sshd.clientKey}.pub` }), /public key/));
    it("that is none", () => refused(to({ privateKeyFile: file("rubbish", "rubbish") }), /no private key/));
    it("that the host does not take, once, and without a word of it", async () => {
      const given = { privateKeyFile: undefined, password: "hunter2", dialErrorLimit: 5 };
      const log = await logOf(() =>
        rejects(pool.link("alpha", to(given)), (error) => {
          match(String(error), /login as \w+ was refused \(tried password; it takes publickey\)/);
          doesNotMatch(String(error), /hunter2/);
          return true;
        }),
      );
      equal(log.match(/^Connection from /gm)?.length, 1);
    });

    describe("of an agent", () => {
      let agent: ChildProcess;
      const socket = () => join(sshd.directory, "agent");
      before(async () => {
        agent = spawn("ssh-agent", ["-D", "-a", socket()], { stdio: "ignore" });
        while (!existsSync(socket())) await sleep(20);
        const env = { ...process.env, SSH_AUTH_SOCK: socket() };
        execFileSync("ssh-add", ["-q", sshd.clientKey], { env });
      });
      after(() => agent.kill());

      it("that is named", () => works(to({ privateKeyFile: undefined, agentSocketPath: socket() })));
      it("that is the environment's", async () => {
        const before = process.env["SSH_AUTH_SOCK"];
        process.env["SSH_AUTH_SOCK"] = socket();
        await works(to({ privateKeyFile: undefined })).finally(() => {
          if (before === undefined) delete process.env["SSH_AUTH_SOCK"];
          else process.env["SSH_AUTH_SOCK"] = before;
        });
      });
      it("that is gone", () =>
        refused(to({ privateKeyFile: undefined, agentSocketPath: "/nowhere/agent" }), /the agent failed/));
    });
  });

  describe("through a hop", () => {
    const hop = () => ({
      host: "127.0.0.1",
      port: sshd.port,
      user: sshd.user,
      privateKeyFile: sshd.clientKey,
      knownHostsFile: sshd.knownHosts,
      dialErrorLimit: 1,
    });
    it("works, also through two", () => works(to({ proxy: [hop(), hop()] })));
    it("that two hosts share, and holds the process until both have answered", () => {
      const module = JSON.stringify(join(__dirname, "../../../provider/host/ssh.ts"));
      const program = `
        const { Pool } = require(${module});
        const pool = new Pool();
        const ask = async (to, at) =>
          console.log((await (await pool.link("h" + at, to)).exec("sleep 0.3; echo hello", "", { idle: 9, total: 9 })).stdout);
        JSON.parse(process.argv[1]).forEach(ask);`;
      const one = to({ proxy: [hop(), hop()] });
      const known = file("both", `* ${sshd.hostKey("ed25519")}`);
      const both = [one, { ...one, host: "localhost", knownHostsFile: known }];
      const argv = ["--import", "tsx", "-e", program, JSON.stringify(both)];
      const out = execFileSync(process.execPath, argv, { encoding: "utf8", timeout: 20_000 });
      equal(out, "hello\n\nhello\n\n");
    });
    it("whose key is not known", async () => {
      const log = await logOf(() =>
        refused(to({ proxy: { ...hop(), knownHostsFile: "/nowhere" } }), /its hop .*is not known/),
      );
      doesNotMatch(log, /userauth-request/);
    });
    it("with another host behind it", () =>
      refused(
        to({ proxy: hop(), hostKey: `SHA256:${"A".repeat(43)}` }),
        /not reached: it shows the host key/,
      ));
    it("that finds no way", () => refused(to({ proxy: hop(), port: 1 }), /its hop .* opened no way to 127/));
  });

  describe("keeps its limits", () => {
    let silent: Server;
    const sockets: Socket[] = [];
    let connections = 0;
    const port = () => {
      const address = silent.address();
      return typeof address === "object" && address !== null ? address.port : 0;
    };
    before((done) => {
      silent = createServer((socket) => {
        connections++;
        sockets.push(socket);
        socket.on("error", () => {});
      }).listen(0, "127.0.0.1", done);
    });
    after(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });

    it("of a dial that nobody answers, and of the number of dials", async () => {
      await refused(to({ port: port(), perDialTimeout: 0.2, dialErrorLimit: 2 }), /no login within 0\.2 s/);
      equal(connections, 2);
      const again = performance.now();
      await refused(to({ port: port(), perDialTimeout: 0.2, dialErrorLimit: 2 }), /no login within/);
      ok(performance.now() - again < 100, "a host found dead is not dialled for each of its resources");
    });
    it("of a port that is closed", () => refused(to({ port: 1 }), /the connection was refused.*sshd runs/));
    it("of a name that is none", () =>
      rejects(
        pool.link("alpha", { ...to({ dialErrorLimit: 5 }), host: "no.such.host.invalid" }),
        /not known to the resolver|resolver did not answer/,
      ));
    it("of silence and of time", async () => {
      const link = await pool.link("alpha", to());
      match((await link.exec("sleep 9", "", { idle: 0.3, total: 9 })).lost ?? "", /said nothing for 0.3 s/);
      const ticks = "while sleep 0.1; do echo tick; done";
      match((await link.exec(ticks, "", { idle: 5, total: 0.7 })).lost ?? "", /took longer than 0.7 s/);
      equal((await link.exec("echo fine", "", limits)).code, 0);
    });
    it("of memory", async () => {
      const link = await pool.link("alpha", to());
      const flood = await link.exec("yes", "", limits);
      match(flood.lost ?? "", /more than 4 MiB/);
      ok(flood.stdout.length <= 4 * 1024 * 1024);
      equal(flood.code, undefined);
    });
    it("of the host's sessions, which are fewer than it thought", async () => {
      const link = await pool.link("alpha", to());
      const all = await Promise.all(
        Array.from({ length: 12 }, (_, index) => link.exec(`sleep 0.1; echo ${index}`, "", limits)),
      );
      equal(all.map(({ stdout }) => stdout.trim()).join(), Array.from({ length: 12 }, (_, i) => i).join());
    });
  });

  describe("tells how a command ended", () => {
    it("by itself, by a signal", async () => {
      const link = await pool.link("alpha", to());
      equal((await link.exec("exit 7", "", limits)).code, 7);
      const killed = await link.exec("kill -9 $$", "", limits);
      equal(killed.code, undefined);
      match(killed.lost ?? "", /SIGKILL/);
    });
    it("by a link that was cut", async () => {
      const pairs: Socket[] = [];
      const relay = createServer((near) => {
        const far = connect(sshd.port, "127.0.0.1");
        pairs.push(near, far);
        for (const each of [near, far]) each.on("error", () => {});
        near.pipe(far).pipe(near);
      });
      await new Promise<void>((done) => relay.listen(0, "127.0.0.1", done));
      const address = relay.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const through = to({ port, hostKey: sshd.hostKey("ed25519") });
      const cut = () => {
        for (const socket of pairs) socket.destroy();
      };
      try {
        const link = await pool.link("alpha", through);
        const running = await link.start("echo begun; sleep 9; echo over", "", limits);
        ok(await running.until("begun\n"));
        cut();
        const { code, stdout, lost } = await running.ended;
        equal(code, undefined);
        equal(stdout, "begun\n");
        match(lost ?? "", /cut/);
        // The next one who asks gets a new login.
        equal((await (await pool.link("alpha", through)).exec("echo back", "", limits)).stdout, "back\n");
      } finally {
        cut();
        relay.close();
      }
    });
  });

  it("is made once for all who ask, and holds no process", async () => {
    const log = await logOf(async () => {
      const links = await Promise.all(Array.from({ length: 20 }, () => pool.link("alpha", to())));
      equal(new Set(links).size, 1);
    });
    equal(log.match(/^Connection from /gm)?.length, 1);
    const program = `
      const { Pool } = require(${JSON.stringify(join(__dirname, "../../../provider/host/ssh.ts"))});
      const link = new Pool().link("alpha", JSON.parse(process.argv[1]));
      link.then((l) => l.exec("echo hello", "", { idle: 9, total: 9 })).then(({ stdout }) => console.log(stdout));`;
    const out = execFileSync(process.execPath, ["--import", "tsx", "-e", program, JSON.stringify(to())], {
      encoding: "utf8",
      timeout: 20_000,
    });
    equal(out, "hello\n\n");
  });
});
