import { equal, match, ok, rejects } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { NotConfirmed } from "../../../provider/engine/errors/change.js";
import { changed, read, seconds, transactions } from "../../support/transactions.js";

describe("a transaction whose client dies, or that another one meets", function () {
  this.timeout(180_000);
  const on = transactions();

  it("A4 is undone by the host alone where the client dies, and the next one is told", async () => {
    await on.kill(await on.startClient());
    equal(await on.state(), "new");
    await on.becomesOld(seconds + 5);
    await on.host.read([read]);
    match(on.said.join(), /alpha: an earlier change was taken back.*by timer: undone: make the state new/);
    await on.host.change([{ why: "do nothing", argv: ["true"] }]);
    await on.nothingLeft();
  });

  it("A4 is undone between two looks, and what the first one saw is not built on", async () => {
    await on.kill(await on.startClient());
    await on.host.read([read]);
    await on.becomesOld(seconds + 5);
    await on.host.read([{ why: "see something else", argv: ["true"] }]);
    ok(on.host.pending, "the first look saw the new state, which is gone");
    await on.host.recover();
    const [answer] = await on.host.read([read]);
    equal(answer?.stdout, "old\n");
    equal(on.host.pending, false, "and that one holds");
    await on.nothingLeft();
  });

  it("is undone by the next client that changes the host, before its time is over", async () => {
    await on.kill(await on.startClient());
    await on.host.change([{ why: "see the old state", argv: ["grep", "-q", "old", "/root/state"] }]);
    match(on.said.join(), /by the next change: undone/);
    await on.nothingLeft();
  });

  it("A4 does not count as confirmed where it was taken back, and somebody else was told so", async () => {
    const verify = async () => {
      if ((await on.state()) !== "new") throw new Error("the state is not new.");
      await on.lab.host("alpha").run("sh /etc/dockroute/pending/undo && rm /etc/dockroute/last-undo");
    };
    await rejects(
      on.host.transact({ ...changed, verify }),
      (error) => error instanceof NotConfirmed && /took it back before.*Undone: yes/.test(error.message),
    );
    equal(await on.state(), "old");
    await on.nothingLeft();
  });

  it("C2 makes another process wait, and say for whom", async () => {
    const client = await on.startClient();
    const waiting = on.host.change([
      { why: "see the old state", argv: ["grep", "-q", "old", "/root/state"] },
    ]);
    await sleep(4_000);
    match(on.said.join(), new RegExp(`waiting for .*pid ${client.pid}, to make the state new`));
    equal(await on.state(), "new");
    await on.kill(client);
    await waiting;
    await on.nothingLeft();
  });
});
