import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { CommandFailed, NotConfirmed } from "../../../provider/engine/errors/change.js";
import { ConnectionLost, Unreachable } from "../../../provider/engine/errors/host.js";
import { HostBusy, RolloutStopped } from "../../../provider/engine/errors/refused.js";
import { Rollout } from "../../../provider/engine/rollout.js";

describe("the rollout", () => {
  it("changes at most maxUnavailable hosts at once, and every host in the end", async () => {
    const works = fc.array(fc.nat(3), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), works, async (maxUnavailable, times) => {
        const rollout = new Rollout(maxUnavailable);
        let [now, most, done] = [0, 0, 0];
        const work = async (ms: number) => {
          most = Math.max(most, ++now);
          await sleep(ms);
          now--;
          done++;
        };
        await Promise.all(times.map((ms, at) => rollout.run(`h${at}`, () => work(ms))));
        assert.equal(done, times.length);
        assert.ok(most <= maxUnavailable);
      }),
      { numRuns: 20 },
    );
  });

  it("begins after its preparation, whichever host comes first", async () => {
    const done: string[] = [];
    const rollout = new Rollout(2, async () => {
      await sleep(5);
      done.push("first");
    });
    await Promise.all(["a", "b"].map((name) => rollout.run(name, async () => void done.push(name))));
    assert.deepEqual(done, ["first", "a", "b"]);
  });

  it("stops for all waiting hosts once a restart has failed, and names the failed host", async () => {
    const rollout = new Rollout(1);
    const failure = new NotConfirmed("a", "restart Docker", "it did not start.", "Undone: yes.");
    const ran: string[] = [];
    const work = (name: string) => async () => {
      ran.push(name);
      await sleep(1);
      throw failure;
    };
    const results = await Promise.allSettled(["a", "b", "c"].map((name) => rollout.run(name, work(name))));
    assert.deepEqual(ran, ["a"]);
    const [first, ...others] = results.map((result) =>
      result.status === "rejected" ? result.reason : undefined,
    );
    assert.equal(first, failure);
    for (const other of others) {
      assert.ok(other instanceof RolloutStopped);
      assert.equal(other.failed, "a");
    }
  });

  const unchanged = { changed: false, disrupted: false };
  const written = { changed: true, disrupted: false };
  const harmless = [
    ["whose lock is held", new HostBusy("a", "x", "ana", 300)],
    ["that is not reached", new Unreachable("a", "root@a:22", "no answer", "Switch it on.")],
    [
      "whose probe fails",
      new CommandFailed("a", "x", "cp", 1, "immutable", "Nothing was changed.", unchanged),
    ],
    ["whose disk is full", new CommandFailed("a", "x", "dd", 1, "no space", "Undone: yes.", written)],
    [
      "that lost its link before the first command",
      new NotConfirmed("a", "x", "lost", "Undone: yes.", 0, false),
    ],
  ] as const;
  for (const [what, failure] of harmless) {
    it(`goes on after a host ${what}`, async () => {
      const rollout = new Rollout(1);
      await assert.rejects(
        rollout.run("a", () => Promise.reject(failure)),
        failure,
      );
      assert.equal(await rollout.run("b", async () => "done"), "done");
    });
  }

  const harmful = [
    [
      "whose restart failed",
      new CommandFailed("a", "x", "systemctl", 1, "", "", { ...written, disrupted: true }),
    ],
    ["whose rollback failed", new CommandFailed("a", "x", "dd", 1, "", "", written).rolledBack("", false)],
    ["that went silent during a change", new ConnectionLost("a", "root@a:22", "x", "it was cut")],
    ["on which dockroute itself failed", new TypeError("x is no function")],
  ] as const;
  for (const [what, failure] of harmful) {
    it(`stops after a host ${what}`, async () => {
      const rollout = new Rollout(1);
      await assert.rejects(
        rollout.run("a", () => Promise.reject(failure)),
        failure,
      );
      await assert.rejects(
        rollout.run("b", async () => "done"),
        RolloutStopped,
      );
    });
  }

  it("lets the hosts that had begun finish", async () => {
    const rollout = new Rollout(2);
    const slow = rollout.run("slow", async () => {
      await sleep(5);
      return "finished";
    });
    await assert.rejects(rollout.run("bad", async () => Promise.reject(new Error("x"))));
    assert.equal(await slow, "finished");
  });
});
