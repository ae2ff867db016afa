import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CommandFailed } from "../../../provider/engine/errors/change.js";
import { ConnectionLost, Unreachable } from "../../../provider/engine/errors/host.js";
import { Refused } from "../../../provider/engine/errors/refused.js";
import type { Host } from "../../../provider/host/host.js";
import { Hosts } from "../../../provider/host/hosts.js";
import { type Sshd, startSshd } from "../../support/sshd.js";

const ask = (...argv: string[]) => ({ why: `ask ${argv[0]}`, argv });
const sh = (script: string, why = "try") => ({ why, argv: ["sh", "-c", script] });

describe("a host behind ssh", function () {
  this.timeout(60_000);
  let sshd: Sshd;
  let hosts: Hosts;
  let host: Host;
  let said: string[];

  before(async function () {
    // The lock and the marks of a change are root's.
    if (process.getuid?.() !== 0) this.skip();
    sshd = await startSshd();
  });
  after(() => sshd?.stop());
  beforeEach(() => {
    said = [];
    hosts = made();
    host = hosts.get("alpha", `root@127.0.0.1:${sshd.port}`);
  });
  afterEach(() => hosts.close());

  const made = () => {
    const connection = { privateKeyFile: sshd.clientKey, knownHostsFile: sshd.knownHosts, dialErrorLimit: 1 };
    return new Hosts(
      (key) => (key === "dockroute:connection" ? JSON.stringify(connection) : undefined),
      (text) => void said.push(text),
    );
  };
  const until = async (isSo: () => boolean | Promise<boolean>) => {
    for (let tries = 0; tries < 200 && !(await isSo()); tries++) {
      await sleep(50);
    }
  };
  const execsIn = async (work: () => Promise<unknown>) => {
    const start = sshd.log().length;
    await work();
    await sleep(200);
    return (
      sshd
        .log()
        .slice(start)
        .match(/Starting session: command/g)?.length ?? 0
    );
  };

  describe("that is looked at", () => {
    it("is asked once for all callers side by side", async () => {
      const execs = await execsIn(async () => {
        const answers = await Promise.all([
          host.read([ask("id", "-u"), sh("echo one")]),
          host.read([sh("echo two"), ask("id", "-u")]),
          Promise.resolve().then(() => host.read([sh("exit 4")])),
        ]);
        deepEqual(
          answers.map((list) => list.map(({ code, stdout }) => [code, stdout])),
          [
            [
              [0, "0\n"],
              [0, "one\n"],
            ],
            [
              [0, "two\n"],
              [0, "0\n"],
            ],
            [[4, ""]],
          ],
        );
      });
      equal(execs, 1);
    });

    it("keeps its answers until it is changed or asked now", async () => {
      const when = sh("date +%N");
      const [first] = await host.read([when]);
      equal(await execsIn(() => host.read([when])), 0);
      deepEqual(await host.read([when]), [first]);
      const [second] = await host.read([when], "now");
      ok(first?.stdout !== second?.stdout);
      await host.change([ask("true")]);
      const [third] = await host.read([when]);
      ok(second?.stdout !== third?.stdout);
    });

    it("is asked again after a change that failed", async () => {
      const when = sh("date +%N");
      const [first] = await host.read([when]);
      await rejects(host.change([ask("false")]));
      ok((await host.read([when]))[0]?.stdout !== first?.stdout);
    });

    it("by a question that it cannot end, is not taken at its word", async () => {
      await rejects(host.read([sh("kill -9 $PPID"), sh("echo on")]), ConnectionLost);
    });
  });

  describe("that is changed", () => {
    it("stops at the first failure and says what was done and what not", async () => {
      const steps = [
        sh("true", "do one"),
        sh("echo 'no \x1b[31mway\x1b[0m' >&2; exit 5", "do two"),
        sh("true", "do three"),
      ];
      await rejects(host.change(steps), (error) => {
        ok(error instanceof CommandFailed);
        match(
          error.message,
          /^alpha: could not do two: `sh -c .*` exited with 5: no way\. Done before it: do one\. Not done: do three\. Correct the cause on the host, then run `pulumi up` again/,
        );
        return true;
      });
    });

    it("side by side is changed in one exec, and a failure ends only its own change", async () => {
      const when = sh("date +%N");
      const order: string[] = [];
      const execs = await execsIn(async () => {
        const [good, bad, last] = await Promise.allSettled([
          host.change([sh("true", "do one")], [when]),
          host.change([sh("exit 5", "do two"), sh("true", "do three")], [when]),
          host.change([sh("true", "do four")], [ask("id", "-u"), when]),
        ]);
        deepEqual([good.status, last.status], ["fulfilled", "fulfilled"]);
        ok(bad.status === "rejected" && bad.reason instanceof CommandFailed);
        match(bad.reason.message, /could not do two.* Nothing was done before it\. Not done: do three\./);
        // Answers to the questions asked with the changes are known by then.
        const [[uid], [first]] = await Promise.all([host.read([ask("id", "-u")]), host.read([when])]);
        equal(uid?.stdout, "0\n");
        deepEqual(await host.read([when]), [first]);
        order.push("known");
      });
      deepEqual([execs, order], [1, ["known"]]);
    });

    it("fails every change of an exec that was lost", async () => {
      const both = await Promise.allSettled([
        host.change([sh("true", "do one")]),
        host.change([sh("kill -9 $PPID", "do two")]),
      ]);
      for (const each of both) ok(each.status === "rejected" && each.reason instanceof ConnectionLost);
    });

    it("takes nothing with a risk outside a transaction", () =>
      rejects(host.change([{ ...ask("true"), risk: "docker" }]), /needs a transaction/));

    it("says which step was under way when the shell went", () =>
      rejects(host.change([sh("true", "do one"), sh("kill -9 $PPID", "do two")]), (error) => {
        ok(error instanceof ConnectionLost);
        match(error.message, /lost at the step "do two"/);
        return true;
      }));

    it("by two at once, lets one wait and say for whom", async () => {
      const other = made();
      const go = join(sshd.directory, "go");
      const order = join(sshd.directory, "order");
      const script = `until [ -e ${go} ]; do sleep 0.1; done; echo slow >>${order}`;
      const slow = host.change([sh(script, "take long")]);
      const holdsLock = ask("test", "-s", "/run/dockroute.lock");
      await until(async () => (await host.read([holdsLock], "now"))[0]?.code === 0);
      const second = other.get("beta", `root@127.0.0.1:${sshd.port}`).change([sh(`echo second >>${order}`)]);
      await until(() => said.length > 0);
      writeFileSync(go, "");
      await Promise.all([slow, second]);
      equal((await host.read([ask("cat", order)]))[0]?.stdout, "slow\nsecond\n");
      match(said.join(), new RegExp(`^beta: waiting for .*@.*, pid ${process.pid}, to take long$`));
      const [left] = await host.read([ask("ls", "/run/dockroute.lock")]);
      equal(left?.code, 2);
      await other.close();
    });

    it("lets go of the lock when its shell is killed", async () => {
      await rejects(host.change([sh("kill -9 $PPID")]));
      const start = performance.now();
      await host.change([ask("true")]);
      ok(performance.now() - start < 2_000);
    });

    it("gives the lock to no child", async () => {
      await host.change([sh("sleep 5 >/dev/null 2>&1 &")]);
      const start = performance.now();
      await host.change([ask("true")]);
      ok(performance.now() - start < 2_000);
    });

    it("with no systemd to undo it, refuses a risk", () =>
      rejects(
        host.transact({ why: "dare", commands: [ask("true")], undo: [], verify: async () => {} }),
        (error) => error instanceof Refused && /systemd does not run/.test(error.message),
      ));
  });

  it("lets one flow through at a time, also after one that failed", async () => {
    const order: string[] = [];
    const flow = (name: string) =>
      host.flow("exclusive", async () => {
        order.push(`${name} in`);
        await sleep(20);
        order.push(`${name} out`);
        if (name === "a") throw new Error("a failed");
      });
    await Promise.allSettled([flow("a"), flow("b")]);
    deepEqual(order, ["a in", "a out", "b in", "b out"]);
  });

  it("lets flows that may go together go when it is their turn, and shares what was just seen", async () => {
    const order: string[] = [];
    const when = sh("date +%N");
    const seen: string[] = [];
    const flow = (name: string) => async () => {
      order.push(`${name} in`);
      seen.push((await host.read([when]))[0]?.stdout ?? "");
      order.push(`${name} out`);
      if (name === "b") throw new Error("b failed");
    };
    await Promise.allSettled([
      host.flow("shared", flow("a")),
      Promise.resolve().then(() => host.flow("shared", flow("late"))),
      host.flow("exclusive", flow("b")),
      host.flow("shared", flow("c")),
      host.flow("shared", flow("d")),
    ]);
    const alone = (name: string) => [`${name} in`, `${name} out`];
    deepEqual(order, [...alone("a"), ...alone("b"), "c in", "d in", "late in", "c out", "d out", "late out"]);
    const [a, b, ...rest] = seen;
    deepEqual([a === b, new Set([b, ...rest]).size], [false, 1]);
  });

  it("that lets nobody run a shell, says so", async () => {
    const closed = await startSshd(["ForceCommand echo 'sudo: a password is required'; exit 1"]);
    try {
      const own = { privateKeyFile: closed.clientKey, knownHostsFile: closed.knownHosts };
      const locked = hosts.get("locked", `root@127.0.0.1:${closed.port}`, own);
      await rejects(locked.read([ask("true")]), (error) => {
        ok(error instanceof Unreachable);
        match(error.message, /gives no root shell \(exit 1: sudo: a password is required\).*NOPASSWD/);
        return true;
      });
    } finally {
      closed.stop();
    }
  });
});
