import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { RolloutStopped } from "../../../provider/engine/errors/refused.js";
import { Turns } from "../../../provider/engine/rollout.js";

describe("turns", () => {
  it("are never more at once than there are seats, and everybody gets one", async () => {
    const works = fc.array(fc.nat(3), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), works, async (seats, times) => {
        const turns = new Turns(seats);
        let [now, most, done] = [0, 0, 0];
        const work = async (ms: number) => {
          most = Math.max(most, ++now);
          await sleep(ms);
          now--;
          done++;
        };
        await Promise.all(times.map((ms, at) => turns.take(`h${at}`, () => work(ms))));
        assert.equal(done, times.length);
        assert.ok(most <= seats);
      }),
      { numRuns: 20 },
    );
  });

  it("begin once what comes first is done, whoever asks", async () => {
    const done: string[] = [];
    const turns = new Turns(2, async () => {
      await sleep(5);
      done.push("first");
    });
    await Promise.all(["a", "b"].map((name) => turns.take(name, async () => void done.push(name))));
    assert.deepEqual(done, ["first", "a", "b"]);
  });

  it("end for all who wait once one has failed, and name the host that did", async () => {
    const turns = new Turns(1);
    const failure = new Error("did not come back");
    const ran: string[] = [];
    const work = (name: string) => async () => {
      ran.push(name);
      await sleep(1);
      throw failure;
    };
    const results = await Promise.allSettled(["a", "b", "c"].map((name) => turns.take(name, work(name))));
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

  it("let those finish that had begun", async () => {
    const turns = new Turns(2);
    const slow = turns.take("slow", async () => {
      await sleep(5);
      return "finished";
    });
    await assert.rejects(turns.take("bad", async () => Promise.reject(new Error("x"))));
    assert.equal(await slow, "finished");
  });
});
