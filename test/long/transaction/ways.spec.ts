import { equal, match, ok, rejects } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "../../../provider/engine/command.js";
import { NotConfirmed } from "../../../provider/engine/errors/change.js";
import { ConnectionLost } from "../../../provider/engine/errors/host.js";
import { changed, read, seconds, transactions, write } from "../../support/transactions.js";

describe("a transaction and the way to its host", function () {
  this.timeout(180_000);
  const on = transactions();

  it("B3 is undone where a new connection finds no way, though the old one lives", async () => {
    const table =
      "table ip closed { chain in { type filter hook input priority -300; tcp dport 22 tcp flags & (syn|ack) == syn drop; }; }";
    const commands = [write("new"), { why: "close the door", argv: ["nft", "-f", "-"], stdin: table }];
    const undo = [
      ...changed.undo,
      { why: "open the door", argv: ["nft", "delete", "table", "ip", "closed"] },
    ];
    await rejects(
      on.host.transact({ ...changed, commands, undo }),
      (error) =>
        error instanceof NotConfirmed && /new connection could not be made.*Undone: yes/s.test(error.message),
    );
    equal(await on.state(), "old");
    await on.nothingLeft();
  });

  it("B2 is undone where the answers to new connections are lost on another way", async () => {
    const ip = (why: string, ...words: string[]): Command => ({ why, argv: ["ip", ...words] });
    // Connections made before keep their way, as with a balancer of links. A connection is marked by its first
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
    await rejects(on.host.transact({ ...changed, commands, undo }), (error) => error instanceof NotConfirmed);
    equal(await on.state(), "old");
    await sleep((seconds + 2) * 1000);
    equal(await on.state(), "old", "and stays so");
    await on.host.change([{ why: "do nothing", argv: ["true"] }]);
    await on.nothingLeft();
  });

  it("B4 is not undone where something else changes meanwhile, and a neighbour is silent", async () => {
    const foreign = "198.51.100.0/24";
    const verify = async () => {
      await on.lab.host("alpha").run(`ip route add ${foreign} via ${on.lab.subnet.replace(/0\/24$/, "77")}`);
    };
    try {
      await on.host.transact({ ...changed, verify });
      await sleep((seconds + 2) * 1000);
      equal(await on.state(), "new");
      match(await on.lab.host("alpha").run(["ip", "route", "show", foreign]), /via/);
      await on.nothingLeft();
    } finally {
      await on.lab.host("alpha").exec(["ip", "route", "del", foreign]);
    }
  });

  it("A1 is undone by the host where the link is gone", async () => {
    const verify = async () => {
      await on.lab.setLink("alpha", "down");
      throw new Error("the link is gone.");
    };
    try {
      const failed = rejects(on.host.transact({ ...changed, verify }), NotConfirmed);
      await sleep(1000);
      await on.becomesOld(seconds + 5);
      await on.lab.setLink("alpha", "up");
      await failed;
    } finally {
      await on.lab.setLink("alpha", "up");
    }
  });

  it("A3 does not wait for ever on a link that is dead without a word", async () => {
    await on.host.read([read]);
    const slow: Command = { why: "wait long", argv: ["sleep", "300"] };
    const started = Date.now();
    const failed = rejects(on.host.read([slow]), ConnectionLost);
    await sleep(500);
    await on.lab.setLink("alpha", "down");
    try {
      await failed;
      ok(Date.now() - started < 60_000);
    } finally {
      await on.lab.setLink("alpha", "up");
    }
    equal((await on.host.read([read], "now"))[0]?.stdout, "old\n");
  });
});
