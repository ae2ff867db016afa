/**
 * Every error message, read as a person does who has to act on it: which host, which step, why, what was changed or
 * undone, what to do now. Each is made to happen; a new kind of error fails here until it is among them.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import ts from "typescript";
import type { Answer, Command } from "../../provider/command.js";
import * as errors from "../../provider/errors.js";
import { batch } from "../../provider/host/batch.js";
import { completeConnection, readConnection } from "../../provider/host/connection.js";
import { failureIn, refusalIn } from "../../provider/host/failure.js";
import type { Link } from "../../provider/host/link.js";
import { type Reach, reportOf } from "../../provider/host/reach.js";
import { Pool } from "../../provider/host/ssh.js";
import { PlanError, planMesh } from "../../provider/index.js";
import { KindLifecycle } from "../../provider/lifecycle.js";
import { dockerBridge } from "../../provider/resources/docker-bridge.js";
import { forwardRule } from "../../provider/resources/forward-rule.js";
import { masqueradeRule } from "../../provider/resources/masquerade-rule.js";
import { peerRoute } from "../../provider/resources/peer-route.js";
import { ConfigError } from "../../stacks/faults.js";
import { answer, moment, said } from "../support/recorded.js";
import { type Sshd, startSshd } from "../support/sshd.js";
import { ToldHost, ToldSession } from "../support/told-host.js";

const root = join(__dirname, "../..");
const endpoint = "root@192.168.1.1:22";
const why = "give docker0 the address 172.30.1.1/24";
const undone = "Undone: yes, the host is as it was before.";
const reach: Reach = {
  name: "alpha",
  endpoint,
  limits: { idle: 1, total: 1 },
  shared: () => Promise.reject(new Error("none")),
  fresh: () => Promise.reject(new Error("none")),
  say: () => {},
};

/** What became of the host, in any of the ways to say it. */
const outcome =
  /[Nn]othing was (changed|done)|Undone: (yes|no|unknown)|Done before it: |is not known|was not restarted|What was changed until then/;
/** What to do now. */
const advice =
  /[Rr]un `|[Mm]end |[Ww]rite |Check |Wait |[Rr]emove |[Mm]ake |Set |Give |Compare |Log in |Only if |Try `|allowed|install|use the|raise |name |leave |boot |sshd may/;

function readable(message: string, host: string, parts: readonly (string | RegExp)[]): void {
  assert.ok(message.startsWith(host), `which host? ${message}`);
  for (const part of parts)
    assert.ok(typeof part === "string" ? message.includes(part) : part.test(message), `${part}: ${message}`);
  assert.match(message, outcome, `what was changed? ${message}`);
  assert.match(message, advice, `what now? ${message}`);
  assert.doesNotMatch(message, /undefined|\[object|NaN|null|\{\}|\.\.$|; \.|: \.| {2}/, message);
}

const lost = (asks: boolean): Error => {
  const commands: Command[] = [{ why, argv: ["false"] }];
  const work = batch(commands, { stopAtFailure: !asks });
  const mark = work.ready.trim().replace(/ done$/, "");
  const stdout = `\n${mark} shell\n\n${mark} begin 0\n`;
  return thrown(() =>
    reportOf(reach, work, { code: undefined, stdout, stderr: "", lost: "it was cut" }, why, commands),
  );
};
const told = (word: string, text: string): Error => {
  const work = batch([], { stopAtFailure: true });
  const refusal = refusalIn(reach, why, work.read(`${work.tellMark} ${word} ${text}\n`, ""));
  assert.ok(refusal !== undefined);
  return refusal;
};
const failed = (code: number | undefined, text: string, became?: string): Error => {
  const commands: Command[] = ["first", why, "last"].map((each) => ({ why: each, argv: ["ip", "x y"] }));
  const answers: Answer[] = [said(""), { code, stdout: "", stderr: text }];
  const failure = failureIn(reach, commands, answers, became);
  assert.ok(failure !== undefined);
  return failure;
};

function thrown(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("nothing was thrown");
}

/** By class: how each comes about, and what must be in it besides host, outcome and advice. */
const kinds: Readonly<Record<string, readonly (readonly [() => Error, ...(string | RegExp)[]])[]>> = {
  StillThere: [[() => new errors.StillThere("alpha", endpoint), "gone: true", "still answers"]],
  Unreachable: [
    [
      () => new errors.Unreachable("alpha", endpoint, "the connection was refused", "Check that sshd runs."),
      endpoint,
      "refused",
    ],
    [
      () =>
        thrown(() =>
          reportOf(
            reach,
            batch([], { stopAtFailure: false }),
            { code: 1, stdout: "", stderr: "sudo: a password is required" },
            why,
            [],
          ),
        ),
      "no root shell",
      "a password is required",
      "NOPASSWD",
    ],
    [
      () =>
        thrown(() =>
          reportOf(
            reach,
            batch([], { stopAtFailure: false }),
            { code: 1, stdout: "This account is not available", stderr: "" },
            why,
            [],
          ),
        ),
      "no root shell",
      "login shell",
    ],
  ],
  NotUnderstood: [
    [
      () => new errors.NotUnderstood("alpha", "alpha/bridge", "ip -j addr", "no"),
      "alpha/bridge",
      "`ip -j addr`",
      '"no"',
    ],
  ],
  LinkLost: [
    [() => lost(false), endpoint, why, "it was cut"],
    [() => lost(true), endpoint, why, "it was cut", "Nothing was changed by that"],
  ],
  CommandFailed: [
    [
      () => failed(2, "RTNETLINK answers: no"),
      why,
      "`ip 'x y'` ended with 2",
      "RTNETLINK answers: no",
      "Done before it: first",
      "Not done: last",
    ],
    [() => failed(1, ""), why, "said nothing"],
    [() => failed(undefined, "cut"), why, "no exit status"],
    [() => failed(1, "x", undone), why, undone],
  ],
  NotConfirmed: [
    [
      () => new errors.NotConfirmed("alpha", why, "a new connection could not be made: no way.", undone),
      why,
      "no way",
    ],
  ],
  HostBusy: [
    [() => told("busy", "ana@laptop, pid 7, to x"), why, "ana@laptop, pid 7", "300 s"],
    [() => told("busy", ""), why, "someone unnamed"],
  ],
  NotConverged: [
    [
      () => new errors.NotConverged("alpha", "alpha/bridge", ["restart Docker"], `${undone} `),
      "alpha/bridge",
      "still due: restart Docker",
    ],
  ],
  Refused: [
    [
      () => told("stuck", "these steps failed: x"),
      why,
      "an earlier change is not yet undone",
      "these steps failed: x",
    ],
    [
      () =>
        told(
          "refused",
          "systemd does not run on this host, and without it nothing could be undone; boot it with systemd",
        ),
      why,
      "systemd does not run",
    ],
  ],
  NotReady: [
    [
      () => new errors.NotReady("alpha", "alpha/bridge", ["Docker does not answer"]),
      "alpha/bridge",
      "Docker does not answer",
    ],
  ],
  NoFurther: [[() => new errors.NoFurther("alpha", "beta"), "beta did not come back"]],
  Unexpected: [
    [
      () => new errors.Unexpected("alpha", "alpha/bridge", new TypeError("x is no function")),
      "alpha/bridge",
      "TypeError: x is no function",
      "report",
    ],
  ],
};

/** Never seen alone: as the engine's record of another error, or as the reason within a NotConfirmed. */
const within = ["DockrouteError", "HalfDone", "NotWell"];

describe("a message", () => {
  it("is known here for every kind of error that there is", () => {
    const classes = Object.entries(errors)
      .filter(([, value]) => typeof value === "function" && value.prototype instanceof Error)
      .map(([name]) => name);
    assert.deepEqual(classes.sort(), [...Object.keys(kinds), ...within].sort());
  });

  for (const [name, cases] of Object.entries(kinds)) {
    it(`of ${name} names host, step, cause, what was changed, and what to do`, () => {
      for (const [make, ...parts] of cases) {
        const error = make();
        assert.equal(error.constructor.name, name);
        readable(error.message, "alpha", parts);
      }
    });
  }

  it("of a host that is not well stands within that of its undo", () => {
    const inner = new errors.NotWell("alpha", "alpha/bridge", ["not back yet: box"]);
    readable(new errors.NotConfirmed("alpha", why, inner.message, undone).message, "alpha", [
      "not back yet: box",
      why,
    ]);
    const half = new errors.HalfDone("alpha: x", "alpha/bridge", {});
    assert.deepEqual(half.reasons, ["alpha: x"]);
  });

  it("of a plan or a config names each fault with its key and what is allowed", () => {
    const plan = thrown(() => planMesh({ pool: "172.30.0.1/16", hosts: [{ name: "A", address: "x" }] }));
    assert.ok(plan instanceof PlanError);
    assert.match(
      plan.message,
      /pool: .*host bits.*172\.30\.0\.0\/16[\s\S]*hosts\[0\]\.name: "A" is refused: a name is[\s\S]*hosts\[0\]\.address: .*like 192/,
    );
    const config = new ConfigError([{ property: "dockroute:pool", reason: "is missing" }]);
    assert.match(
      config.message,
      /^the stack's config has a fault, nothing was changed:\n - dockroute:pool: is missing$/,
    );
  });

  it("comes from one of these classes, wherever something is thrown", () => {
    const known = [
      ...Object.keys(kinds),
      ...within,
      "PlanError",
      "ConfigError",
      "CommandError",
      "DialFailed",
      "NoChannel",
      "SshConfigFault",
    ];
    const odd = sources().flatMap((file) =>
      thrownIn(file).filter(({ what }) => !known.includes(what) && what !== "pulumi.RunError"),
    );
    // What only a mistake of dockroute's own can throw is told as one (Unexpected), or within another error.
    const own = odd.filter(({ what }) => ["Error", "UnreadableAnswer"].includes(what));
    assert.deepEqual(
      odd.filter((each) => !own.includes(each)),
      [],
    );
    assert.deepEqual(
      own.filter(({ text }) => !internal.test(text)).map(({ file, text }) => `${file}: ${text}`),
      [],
    );
  });
});

const internal =
  /answers? (on \w+ )?(are|is) missing|the ground takes|NUL byte|needs a transaction|took it back|mend it by hand|end too early|UnreadableAnswer|(parsed|part)\.reason/;

function sources(): readonly string[] {
  return ["provider", "stacks"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .map(String)
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(folder, name)),
  );
}

/** Every `throw new X(...)` and `reject(new X(...))`. */
function thrownIn(
  file: string,
): readonly { readonly file: string; readonly what: string; readonly text: string }[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(root, file), "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: { file: string; what: string; text: string }[] = [];
  const visit = (node: ts.Node): void => {
    const isThrown =
      node.parent !== undefined &&
      (ts.isThrowStatement(node.parent) || /^reject\(/.test(node.parent.getText()));
    if (ts.isNewExpression(node) && isThrown)
      found.push({ file, what: node.expression.getText(), text: node.getText() });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe("a refusal by what a host is like", () => {
  const image = "docker28";
  const { bridge, route, masquerade, forward } = moment(image, "ours").wishes;
  const info = (change: object) => (text: string) => JSON.stringify({ ...JSON.parse(text), ...change });
  const cases: readonly (readonly [
    what: string,
    kind: unknown,
    wish: object,
    lies: Readonly<Record<string, (text: string) => string>>,
    ...(string | RegExp)[],
  ])[] = [
    [
      "a range over the host's own network",
      dockerBridge,
      { ...bridge, bip: "10.0.0.1/8" },
      {},
      /bip: 10\.0\.0\.0\/8 covers the network /,
    ],
    [
      "a gateway on no link",
      peerRoute,
      { ...route, gateway: "192.0.2.1" },
      {},
      /gateway: 192\.0\.2\.1 \(peer\) is on no link/,
    ],
    [
      "a route of someone else's",
      peerRoute,
      route,
      { "route show": () => `[{"dst":"${route.destination}","gateway":"10.1.1.1","dev":"eth0"}]` },
      /routed already, by someone else: .* via 10\.1\.1\.1 dev eth0/,
    ],
    [
      "an interface that is not there",
      masqueradeRule,
      { ...masquerade, interfaces: ["eth9"] },
      {},
      /there is no interface eth9; allowed is one of eth0/,
    ],
    [
      "the same for a forward rule",
      forwardRule,
      { ...forward, interfaces: ["eth9"] },
      {},
      /there is no interface eth9; allowed is one of eth0/,
    ],
    [
      "a daemon.json that is none",
      dockerBridge,
      bridge,
      { "cat /etc/docker": () => "{ // mine\n}" },
      /bip: \/etc\/docker\/daemon\.json is not plain JSON/,
    ],
    [
      "a key twice",
      dockerBridge,
      bridge,
      { "cat /etc/docker": () => '{"debug":true,"debug":false}' },
      /has the key "debug" twice/,
    ],
    [
      "a huge daemon.json",
      dockerBridge,
      bridge,
      { "cat /etc/docker": () => `{"x":"${"y".repeat(50_000)}"}` },
      /has 50\d{3} characters; .* at most 40000 are allowed/,
    ],
    [
      "rootless Docker",
      dockerBridge,
      bridge,
      { "docker info": info({ SecurityOptions: ["name=rootless"] }) },
      /host: Docker runs rootless here/,
    ],
    [
      "Docker as a snap",
      dockerBridge,
      bridge,
      { "docker info": info({ DockerRootDir: "/var/snap/docker" }) },
      /host: Docker is a snap here/,
    ],
    [
      "Podman",
      dockerBridge,
      bridge,
      { "docker info": () => '{"store":{}}' },
      /host: the command docker is Podman's here/,
    ],
    [
      "live-restore by the command line",
      dockerBridge,
      { ...bridge, bip: "172.30.99.1/24" },
      { "docker info": info({ LiveRestoreEnabled: true }) },
      /bip: dockerd has --live-restore/,
    ],
    [
      "no Docker",
      dockerBridge,
      bridge,
      { "docker info": () => "" },
      /cannot be changed now: Docker does not answer here/,
    ],
    [
      "no program ip",
      dockerBridge,
      bridge,
      { "ip -j": () => "sh: 1: ip: not found" },
      /could not look at .*: what `ip -j -4 addr show` says there cannot be used: "sh: 1: ip: not found"/,
    ],
    [
      "a card with a name that no rule can hold",
      masqueradeRule,
      { ...masquerade, interfaces: undefined },
      { "addr show": (text) => text.replaceAll('"eth0"', '"et\\"h0"') },
      /what `ip -j -4 addr show` says there cannot be used: "et"h0"/,
    ],
  ];
  for (const [what, kind, wish, lies, ...parts] of cases) {
    it(`for ${what} names host, resource, property, value and what is allowed`, async () => {
      const host = new ToldHost("alpha", (question) => {
        const asked = question.argv.join(" ");
        const real = answer(image, "fresh", question);
        const lie = Object.entries(lies).find(([words]) => asked.includes(words))?.[1];
        return lie === undefined ? real : { ...real, code: 0, stdout: lie(real.stdout) };
      });
      const life = new KindLifecycle(kind as typeof dockerBridge, new ToldSession(host));
      const props = { ...wish, host: "alpha" };
      const error = await life.create(props).catch((reason: unknown) => reason);
      assert.ok(error instanceof errors.DockrouteError && !error.changedSomething, String(error));
      readable(error.message, "alpha", [/alpha\/(bridge|to\/|masquerade|forward)/, ...parts]);
    });
  }
});

describe("a login that fails", function () {
  this.timeout(60_000);
  let sshd: Sshd;
  before(async () => {
    sshd = await startSshd();
  });
  after(() => sshd.stop());

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
      "the hop is not reached",
      () => ({ proxy: { host: "127.0.0.1", port: 1 } }),
      /its hop root@127\.0\.0\.1:1: the connection was refused/,
    ],
  ];
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
      readable(error.message, "alpha (", [
        /^alpha \(\S+@\S+:\d+\): not reached: /,
        said,
        "Nothing was changed on it.",
      ]);
    });
  }
});
