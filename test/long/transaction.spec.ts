import { equal, match, ok, rejects } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Lab } from "../../lab/lab.js";
import type { Command } from "../../provider/command.js";
import { CommandFailed, LinkLost, NotConfirmed, Refused, Unreachable } from "../../provider/errors.js";
import type { Host, Transaction } from "../../provider/host/host.js";
import { Hosts } from "../../provider/host/hosts.js";

const prefix = process.env["LAB_PREFIX"] ?? "transact";
const seconds = 6;

const read: Command = { why: "read the state", argv: ["cat", "/root/state"] };
const write = (text: string): Command => ({
  why: `write the ${text} state`,
  argv: ["tee", "/root/state"],
  stdin: `${text}\n`,
});
const changed: Transaction = {
  why: "make the state new",
  commands: [write("new")],
  undo: [write("old")],
  verify: async () => {},
};

describe("a transaction on a host", function () {
  this.timeout(180_000);
  let lab: Lab;
  let hosts: Hosts;
  let host: Host;
  let connection: string;
  let endpoint: string;
  let said: string[];
  let clients: ChildProcess[];

  before(async () => {
    process.env["DOCKROUTE_UNDO_SECONDS"] = String(seconds);
    lab = await Lab.up({ prefix, hosts: [{ name: "alpha", image: "docker26" }] });
    const { privateKeyFile, knownHostsFile } = lab;
    connection = JSON.stringify({ privateKeyFile, knownHostsFile, perDialTimeout: 2, dialErrorLimit: 2 });
    endpoint = `root@${lab.host("alpha").address}:22`;
  });

  beforeEach(async () => {
    said = [];
    clients = [];
    hosts = new Hosts(
      (key) => (key === "dockroute:connection" ? connection : undefined),
      (text) => void said.push(text),
    );
    host = hosts.get("alpha", endpoint);
    await lab.host("alpha").run("echo old >/root/state");
  });

  afterEach(async () => {
    for (const client of clients) client.kill("SIGKILL");
    await hosts.close();
  });

  after(async () => {
    delete process.env["DOCKROUTE_UNDO_SECONDS"];
    await lab.down();
  });

  const state = async () => (await lab.host("alpha").run(["cat", "/root/state"])).trim();
  const leftovers = async () =>
    lab
      .host("alpha")
      .run(
        "find /etc /run -xdev -name '*dockroute*' 2>/dev/null; systemctl list-units --all --plain --no-legend 'dockroute*'; pgrep -fa '[d]ockroute' | grep -v 'find /etc' || true",
      );
  const nothingLeft = async () => {
    for (let tries = 0; tries < 50 && (await leftovers()) !== ""; tries++) await sleep(100);
    equal(await leftovers(), "");
  };
  const startClient = async (...alsoUndo: Command[]) => {
    const program = join(__dirname, "..", "support", "transact.ts");
    const client = spawn(process.execPath, [
      "--import",
      "tsx",
      program,
      endpoint,
      connection,
      JSON.stringify(alsoUndo),
    ]);
    clients.push(client);
    for await (const chunk of client.stdout) if (String(chunk).includes("verifying")) return client;
    throw new Error("the client ended without verifying");
  };
  const kill = async (client: ChildProcess) => {
    client.kill("SIGKILL");
    await once(client, "exit");
  };
  const becomesOld = async (within: number) => {
    for (const end = Date.now() + within * 1000; Date.now() < end; await sleep(200)) {
      if ((await state()) === "old") return;
    }
    throw new Error(`still not undone after ${within} s`);
  };

  it("stays once it is verified, and leaves nothing behind", async () => {
    let during = "";
    await host.transact({
      ...changed,
      verify: async () => {
        const [answer] = await host.look([read]);
        equal(answer?.stdout, "new\n");
        during = await leftovers();
      },
    });
    match(during, /dockroute-undo/);
    await sleep((seconds + 2) * 1000);
    equal(await state(), "new");
    await nothingLeft();
  });

  it("is undone at once where the host is not as wanted", async () => {
    const verify = () => Promise.reject(new Error("the state is not good enough."));
    await rejects(
      host.transact({ ...changed, verify }),
      (error) => error instanceof NotConfirmed && /not good enough.*Undone: yes/.test(error.message),
    );
    equal(await state(), "old");
    await nothingLeft();
  });

  it("is undone at once where a step fails, and the later steps are not run", async () => {
    const fails: Command = { why: "find what is not there", argv: ["ls", "/nowhere"] };
    const commands = [write("new"), fails, write("never")];
    await rejects(
      host.transact({ ...changed, commands }),
      (error) =>
        error instanceof CommandFailed && error.why === fails.why && /Undone: yes/.test(error.message),
    );
    equal(await state(), "old");
    await nothingLeft();
  });

  it("gives a slow verification its time, as long as the client is there", async () => {
    await host.transact({ ...changed, verify: () => sleep((seconds + 3) * 1000) });
    equal(await state(), "new");
    await nothingLeft();
  });

  it("A4 is undone by the host alone where the client dies, and the next one is told", async () => {
    await kill(await startClient());
    equal(await state(), "new");
    await becomesOld(seconds + 5);
    await host.look([read]);
    match(said.join(), /alpha: an earlier change was taken back.*by timer: undone: make the state new/);
    await host.change([{ why: "do nothing", argv: ["true"] }]);
    await nothingLeft();
  });

  it("A4 is undone between two looks, and what the first one saw is not built on", async () => {
    await kill(await startClient());
    await host.look([read]);
    await becomesOld(seconds + 5);
    await host.look([{ why: "see something else", argv: ["true"] }]);
    ok(await host.recover(), "the first look saw the new state, which is gone");
    const [answer] = await host.look([read]);
    equal(answer?.stdout, "old\n");
    equal(await host.recover(), false, "and that one holds");
    await nothingLeft();
  });

  it("is undone by the next one who changes the host, before its time is over", async () => {
    await kill(await startClient());
    await host.change([{ why: "see the old state", argv: ["grep", "-q", "old", "/root/state"] }]);
    match(said.join(), /by the next change: undone/);
    await nothingLeft();
  });

  it("C2 makes another process wait, and say for whom", async () => {
    const client = await startClient();
    const waiting = host.change([{ why: "see the old state", argv: ["grep", "-q", "old", "/root/state"] }]);
    await sleep(4_000);
    match(said.join(), new RegExp(`waiting for .*pid ${client.pid}, to make the state new`));
    equal(await state(), "new");
    await kill(client);
    await waiting;
    await nothingLeft();
  });

  it("B3 is undone where a new connection finds no way, though the old one lives", async () => {
    const table =
      "table ip closed { chain in { type filter hook input priority -300; tcp dport 22 tcp flags & (syn|ack) == syn drop; }; }";
    const commands = [write("new"), { why: "close the door", argv: ["nft", "-f", "-"], stdin: table }];
    const undo = [
      ...changed.undo,
      { why: "open the door", argv: ["nft", "delete", "table", "ip", "closed"] },
    ];
    await rejects(
      host.transact({ ...changed, commands, undo }),
      (error) =>
        error instanceof NotConfirmed && /new connection could not be made.*Undone: yes/s.test(error.message),
    );
    equal(await state(), "old");
    await nothingLeft();
  });

  it("B2 is undone where the answers to new connections are lost on another way", async () => {
    const ip = (why: string, ...words: string[]): Command => ({ why, argv: ["ip", ...words] });
    // What was connected before keeps its way, as with a balancer of links. A connection is marked by its first
    // packet: one that is sent again after an answer was lost is of an established connection to the kernel.
    const marks =
      "table ip ways { chain in { type filter hook prerouting priority -150; ct state new ct mark set 2; };" +
      " chain out { type route hook output priority -150; ct mark 2 tcp sport 22 meta mark set 7; }; }";
    const commands = [
      write("new"),
      ip("open a way to nowhere", "route", "add", "blackhole", "default", "table", "77"),
      ip("send answers there", "rule", "add", "fwmark", "7", "lookup", "77"),
      { why: "mark the answers", argv: ["nft", "-f", "-"], stdin: marks },
    ];
    const undo = [
      { why: "mark nothing", argv: ["nft", "delete", "table", "ip", "ways"] },
      ip("send nothing there", "rule", "del", "fwmark", "7", "lookup", "77"),
      ip("close the way", "route", "del", "blackhole", "default", "table", "77"),
      ...changed.undo,
    ];
    await rejects(host.transact({ ...changed, commands, undo }), (error) => error instanceof NotConfirmed);
    equal(await state(), "old");
    await sleep((seconds + 2) * 1000);
    equal(await state(), "old", "and stays so");
    await host.change([{ why: "do nothing", argv: ["true"] }]);
    await nothingLeft();
  });

  it("B4 is not undone where something else changes meanwhile, and a neighbour is silent", async () => {
    const foreign = "198.51.100.0/24";
    const verify = async () => {
      await lab.host("alpha").run(`ip route add ${foreign} via ${lab.subnet.replace(/0\/24$/, "77")}`);
    };
    try {
      await host.transact({ ...changed, verify });
      await sleep((seconds + 2) * 1000);
      equal(await state(), "new");
      match(await lab.host("alpha").run(["ip", "route", "show", foreign]), /via/);
      await nothingLeft();
    } finally {
      await lab.host("alpha").exec(["ip", "route", "del", foreign]);
    }
  });

  it("A1 is undone by the host where the link is gone", async () => {
    const verify = async () => {
      await lab.setLink("alpha", "down");
      throw new Error("the link is gone.");
    };
    try {
      const failed = rejects(host.transact({ ...changed, verify }), NotConfirmed);
      await sleep(1000);
      await becomesOld(seconds + 5);
      await lab.setLink("alpha", "up");
      await failed;
    } finally {
      await lab.setLink("alpha", "up");
    }
  });

  it("A6 A9 is undone at the next boot, before Docker starts", async () => {
    // Docker waits for the undo at boot: an undo that waits for Docker would never end.
    const restart = { why: "restart Docker", argv: ["systemctl", "restart", "docker"] };
    await kill(await startClient(restart));
    await lab.powerCut("alpha");
    await lab.boot("alpha");
    equal(await state(), "old");
    const order = await lab
      .host("alpha")
      .run(
        "systemctl show -P ExecMainExitTimestampMonotonic dockroute-undo; systemctl show -P ExecMainStartTimestampMonotonic docker",
      );
    const [undone = 0, docker = 0] = order.split("\n").map(Number);
    ok(undone > 0 && undone <= docker, order);
    await host.change([{ why: "do nothing", argv: ["true"] }]);
    match(said.join(), /by boot: undone/);
    await nothingLeft();
  });

  it("A6 leaves no unit in systemd's memory where it was booted with one, and no program to undo anything", async () => {
    const verify = async () => {
      await lab
        .host("alpha")
        .run(
          "read -r shell group </etc/dockroute/pending/maker; rm /etc/dockroute/pending/undo; systemctl daemon-reload; kill -s KILL -- -$group",
        );
      throw new Error("the power was gone.");
    };
    await rejects(host.transact({ ...changed, verify }), NotConfirmed);
    await nothingLeft();
  });

  it("A10 finishes an undo that was interrupted", async () => {
    const slow: Command = { why: "take long", argv: ["sleep", "3"] };
    const verify = () => Promise.reject(new Error("no."));
    const failed = rejects(host.transact({ ...changed, undo: [slow, ...changed.undo], verify }));
    await sleep(2_000);
    equal(await state(), "new");
    await lab.powerCut("alpha");
    await lab.boot("alpha");
    await failed;
    equal(await state(), "old");
    await host.change([{ why: "do nothing", argv: ["true"] }]);
    await nothingLeft();
  });

  it("A11 says so where the undo fails, and piles nothing up on it", async () => {
    const undo = [{ why: "find the way back", argv: ["ls", "/root/way-back"] }, ...changed.undo];
    const verify = () => Promise.reject(new Error("no."));
    await rejects(host.transact({ ...changed, undo, verify }), /Undone: no:.*find the way back/);
    equal(await state(), "old", "a failed step does not stop the later ones");
    const next = () => host.change([write("newer")]);
    await rejects(next, (error) => error instanceof Refused && /undoing it failed again/.test(error.message));
    equal(await state(), "old");
    await lab.host("alpha").run("touch /root/way-back");
    await next();
    equal(await state(), "newer");
    await nothingLeft();
  });

  it("works for a user who may use sudo without a password, and leaves nothing behind", async () => {
    const admin = hosts.get("alpha", endpoint.replace("root@", "admin@"));
    await admin.transact({
      ...changed,
      verify: async () => {
        const [who] = await admin.look([{ why: "see who asks", argv: ["id", "-un"] }]);
        equal(who?.stdout, "root\n");
      },
    });
    equal(await state(), "new");
    await nothingLeft();
  });

  it("says what is missing where sudo wants a password, and does not hang", async () => {
    await lab.host("alpha").run("mv /etc/sudoers.d /etc/sudoers.d.away; mkdir -m 755 /etc/sudoers.d");
    try {
      const admin = hosts.get("alpha", endpoint.replace("root@", "admin@"));
      await rejects(admin.transact(changed), (error) => {
        match(String(error), /gives no root shell .*sudo.*Nothing was changed.*NOPASSWD/s);
        return error instanceof Unreachable;
      });
      equal(await state(), "old");
    } finally {
      await lab.host("alpha").run("rmdir /etc/sudoers.d && mv /etc/sudoers.d.away /etc/sudoers.d");
    }
  });

  it("A3 does not wait for ever on a link that is dead without a word", async () => {
    await host.look([read]);
    host.forget();
    const slow: Command = { why: "wait long", argv: ["sleep", "300"] };
    const started = Date.now();
    const failed = rejects(host.look([slow]), LinkLost);
    await sleep(500);
    await lab.setLink("alpha", "down");
    try {
      await failed;
      ok(Date.now() - started < 60_000);
    } finally {
      await lab.setLink("alpha", "up");
    }
    equal((await host.look([read]))[0]?.stdout, "old\n");
  });
});
