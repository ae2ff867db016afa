import { equal, match, rejects } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "../../../provider/engine/command.js";
import { CommandFailed, NotConfirmed } from "../../../provider/engine/errors/change.js";
import { Unreachable } from "../../../provider/engine/errors/host.js";
import { Refused } from "../../../provider/engine/errors/refused.js";
import { changed, read, seconds, transactions, write } from "../../support/transactions.js";

describe("a transaction on a host", function () {
  this.timeout(180_000);
  const on = transactions();

  it("stays once it is verified, and leaves nothing behind", async () => {
    let during = "";
    await on.host.transact({
      ...changed,
      verify: async () => {
        const [answer] = await on.host.read([read]);
        equal(answer?.stdout, "new\n");
        during = await on.leftovers();
      },
    });
    match(during, /dockroute-undo/);
    await sleep((seconds + 2) * 1000);
    equal(await on.state(), "new");
    await on.nothingLeft();
  });

  it("is undone at once where the host is not as wanted", async () => {
    const verify = () => Promise.reject(new Error("the state is not good enough."));
    await rejects(
      on.host.transact({ ...changed, verify }),
      (error) => error instanceof NotConfirmed && /not good enough.*Undone: yes/.test(error.message),
    );
    equal(await on.state(), "old");
    await on.nothingLeft();
  });

  it("is undone at once where a step fails, and the later steps are not run", async () => {
    const fails: Command = { why: "find what is not there", argv: ["ls", "/nowhere"] };
    const commands = [write("new"), fails, write("never")];
    await rejects(
      on.host.transact({ ...changed, commands }),
      (error) =>
        error instanceof CommandFailed && error.why === fails.why && /Undone: yes/.test(error.message),
    );
    equal(await on.state(), "old");
    await on.nothingLeft();
  });

  it("gives a slow verification its time, as long as the client is there", async () => {
    await on.host.transact({ ...changed, verify: () => sleep((seconds + 3) * 1000) });
    equal(await on.state(), "new");
    await on.nothingLeft();
  });

  it("A11 says so where the undo fails, and piles nothing up on it", async () => {
    const undo = [{ why: "find the way back", argv: ["ls", "/root/way-back"] }, ...changed.undo];
    const verify = () => Promise.reject(new Error("no."));
    await rejects(on.host.transact({ ...changed, undo, verify }), /Undone: no:.*find the way back/);
    equal(await on.state(), "old", "a failed step does not stop the later ones");
    const next = () => on.host.change([write("newer")]);
    await rejects(next, (error) => error instanceof Refused && /undoing it failed again/.test(error.message));
    equal(await on.state(), "old");
    await on.lab.host("alpha").run("touch /root/way-back");
    await next();
    equal(await on.state(), "newer");
    await on.nothingLeft();
  });

  it("works for a user who may use sudo without a password, and leaves nothing behind", async () => {
    const admin = on.as("admin");
    await admin.transact({
      ...changed,
      verify: async () => {
        const [who] = await admin.read([{ why: "see who asks", argv: ["id", "-un"] }]);
        equal(who?.stdout, "root\n");
      },
    });
    equal(await on.state(), "new");
    await on.nothingLeft();
  });

  it("says what is missing where sudo wants a password, and does not hang", async () => {
    await on.lab.host("alpha").run("mv /etc/sudoers.d /etc/sudoers.d.away; mkdir -m 755 /etc/sudoers.d");
    try {
      const admin = on.as("admin");
      await rejects(admin.transact(changed), (error) => {
        match(String(error), /gives no root shell .*sudo.*Nothing was changed.*NOPASSWD/s);
        return error instanceof Unreachable;
      });
      equal(await on.state(), "old");
    } finally {
      await on.lab.host("alpha").run("rmdir /etc/sudoers.d && mv /etc/sudoers.d.away /etc/sudoers.d");
    }
  });
});
