import assert from "node:assert/strict";
import { mock } from "node:test";
import { Progress } from "../../../provider/shells/lifecycle/progress.js";

/** Work that ends when it is told to. */
function open() {
  let end = () => {};
  let fail = (_: Error) => {};
  const promise = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  return { work: () => promise, end: () => end(), fail: () => fail(new Error("no")) };
}

describe("the progress of a run", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
  afterEach(() => mock.timers.reset());

  const started = (hosts: number) => {
    const lines: string[] = [];
    return {
      lines,
      progress: new Progress(
        () => hosts,
        (text) => lines.push(text),
      ),
    };
  };

  it("is told every five seconds while something is under way", async () => {
    const { lines, progress } = started(9);
    const [looks, change] = [["a", "b", "c", "d"].map((host) => ({ host, ...open() })), open()];
    const looking = looks.map(({ host, work }) => progress.look(host, work));
    mock.timers.tick(4_999);
    assert.deepEqual(lines, []);
    mock.timers.tick(1);
    assert.deepEqual(lines.splice(0), [
      "0 of 9 hosts looked at, 0 changed, 0 left; waiting for a, b, c and 1 more",
    ]);
    for (const { end } of looks.slice(0, 3)) end();
    await Promise.all(looking.slice(0, 3));
    progress.due("a", "a/routes");
    progress.due("b", "b/routes");
    const changing = progress.change("a", "a/routes", change.work);
    mock.timers.tick(5_000);
    assert.deepEqual(lines.splice(0), ["3 of 9 hosts looked at, 0 changed, 2 left; waiting for d, a"]);
    change.end();
    await changing;
    mock.timers.tick(5_000);
    assert.deepEqual(lines.splice(0), ["3 of 9 hosts looked at, 1 changed, 1 left; waiting for d"]);
    looks[3]?.end();
    await looking[3];
    // No line is printed while a person reads the preview.
    mock.timers.tick(60_000);
    assert.deepEqual(lines, []);
  });

  it("counts a host as changed when its last change is made, and one that failed as failed", async () => {
    const { progress } = started(9);
    progress.due("a", "a/bridge");
    await progress.change("a", "a/routes", async () => {});
    const failing = open();
    const failed = progress.change("b", "b/bridge", failing.work);
    failing.fail();
    await assert.rejects(failed);
    assert.equal(progress.inWords(9), "0 of 9 hosts looked at, 0 changed, 1 failed, 1 left");
    await progress.change("a", "a/bridge", async () => {});
    assert.equal(progress.inWords(9), "0 of 9 hosts looked at, 1 changed, 1 failed, 0 left");
  });

  it("is not told of eight hosts", () => {
    const { lines, progress } = started(8);
    void progress.look("a", open().work);
    mock.timers.tick(60_000);
    assert.deepEqual(lines, []);
  });
});
