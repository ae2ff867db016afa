import { equal, match, ok, rejects } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "../../../provider/engine/command.js";
import { NotConfirmed } from "../../../provider/engine/errors/change.js";
import { changed, transactions } from "../../support/transactions.js";

describe("a transaction whose host loses its power", function () {
  this.timeout(180_000);
  const on = transactions();

  it("A6 A9 is undone at the next boot, before Docker starts", async () => {
    // Docker waits for the undo at boot: an undo that waits for Docker would never end.
    const restart = { why: "restart Docker", argv: ["systemctl", "restart", "docker"] };
    await on.kill(await on.startClient(restart));
    await on.lab.powerCut("alpha");
    await on.lab.boot("alpha");
    equal(await on.state(), "old");
    const order = await on.lab
      .host("alpha")
      .run(
        "systemctl show -P ExecMainExitTimestampMonotonic dockroute-undo; systemctl show -P ExecMainStartTimestampMonotonic docker",
      );
    const [undone = 0, docker = 0] = order.split("\n").map(Number);
    ok(undone > 0 && undone <= docker, order);
    await on.host.change([{ why: "do nothing", argv: ["true"] }]);
    match(on.said.join(), /by boot: undone/);
    await on.nothingLeft();
  });

  it("A6 leaves no unit in systemd's memory where it was booted with one, and no program to undo anything", async () => {
    const verify = async () => {
      await on.lab
        .host("alpha")
        .run(
          "read -r shell group </etc/dockroute/pending/maker; rm /etc/dockroute/pending/undo; systemctl daemon-reload; kill -s KILL -- -$group",
        );
      throw new Error("the power was gone.");
    };
    await rejects(on.host.transact({ ...changed, verify }), NotConfirmed);
    await on.nothingLeft();
  });

  it("A10 finishes an undo that was interrupted", async () => {
    const slow: Command = { why: "take long", argv: ["sleep", "3"] };
    const verify = () => Promise.reject(new Error("no."));
    const failed = rejects(on.host.transact({ ...changed, undo: [slow, ...changed.undo], verify }));
    await sleep(2_000);
    equal(await on.state(), "new");
    await on.lab.powerCut("alpha");
    await on.lab.boot("alpha");
    await failed;
    equal(await on.state(), "old");
    await on.host.change([{ why: "do nothing", argv: ["true"] }]);
    await on.nothingLeft();
  });
});
