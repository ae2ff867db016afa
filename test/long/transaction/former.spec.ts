import { equal, match } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../support/stack.js";
import { transactions } from "../../support/transactions.js";

const pending = "/etc/dockroute/pending";
const units = "/etc/systemd/system";

/** As dockroute 0.1.0 made it: the program that it put on the host for a change of its test's. */
const program = readFileSync(join(root, "test/recorded/undo-0.1.0.sh"), "utf8");
const unit = `[Unit]
ConditionPathExists=${pending}/undo
After=local-fs.target
Before=docker.service
[Service]
Type=oneshot
ExecStart=/bin/sh ${pending}/undo boot
[Install]
WantedBy=multi-user.target
`;

describe("a change that dockroute 0.1.0 left in its middle", function () {
  this.timeout(180_000);
  const on = transactions();
  const alpha = () => on.lab.host("alpha");

  /** The client was killed and the timer has not yet come. */
  beforeEach(async () => {
    await alpha().run(`mkdir -p /etc/dockroute && mkdir -m 700 ${pending} && echo new >/root/state`);
    await alpha().run(`cat >${units}/dockroute-undo.service`, { input: unit });
    await alpha().run(
      `ln -s ${units}/dockroute-undo.service ${units}/multi-user.target.wants/; echo 99999 99999 >${pending}/maker`,
    );
    await alpha().run(`cat >${pending}/undo`, { input: program });
  });

  it("is seen by a look, and taken back before the next change", async () => {
    await on.host.read([{ why: "see nothing", argv: ["true"] }]);
    equal(on.host.pending, true);
    await on.host.change([{ why: "see the old state", argv: ["grep", "-q", "old", "/root/state"] }]);
    match(on.said.join(), /by the next change: undone: make the state new/);
    await on.nothingLeft();
  });

  it("is taken back at boot", async () => {
    await on.lab.powerCut("alpha");
    await on.lab.boot("alpha");
    equal(await on.state(), "old");
    await on.host.change([{ why: "do nothing", argv: ["true"] }]);
    match(on.said.join(), /by boot: undone: make the state new/);
    await on.nothingLeft();
  });
});
