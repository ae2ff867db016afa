import { equal, match, rejects } from "node:assert/strict";
import { Refused } from "../../../provider/engine/errors/refused.js";
import { changed, transactions, write } from "../../support/transactions.js";

describe("a transaction on a host that cannot undo it", function () {
  this.timeout(180_000);
  const on = transactions();
  const alpha = () => on.lab.host("alpha");

  /** The message with which the change is refused, while the host is as `make` makes it. */
  async function refusal(make: string, mend: string, change: () => Promise<void>): Promise<string> {
    let text = "";
    await alpha().run(make);
    try {
      await rejects(change(), (error) => {
        text = String(error);
        return error instanceof Refused;
      });
    } finally {
      await alpha().run(mend);
    }
    equal(await on.state(), "old");
    await on.nothingLeft();
    return text;
  }

  const program = (name: string, line: string): readonly [make: string, mend: string] => [
    `printf '#!/bin/sh\\n%s\\n' '${line}' >/usr/local/sbin/${name} && chmod 755 /usr/local/sbin/${name}`,
    `rm /usr/local/sbin/${name}`,
  ];

  it("D14 is refused with what systemd-run says, where that takes no timer", async () => {
    const older = program("systemd-run", 'echo "unrecognized option --collect" >&2; exit 1');
    const text = await refusal(...older, () => on.host.transact(changed));
    match(text, /systemd was not given the timer.*systemd 236 or newer.*\(unrecognized option --collect\)/);
  });

  it("D14 is refused with what stands in the way in /etc, where the undo cannot be put there", async () => {
    const full = "mkdir /etc/dockroute && mount -t tmpfs -o ro none /etc/dockroute";
    const text = await refusal(full, "umount /etc/dockroute && rmdir /etc/dockroute", () =>
      on.host.transact(changed),
    );
    match(text, /could not be put on the host; make room in its \/etc.*\(.*Read-only file system.*\)/);
  });

  it("D14 is refused with the disk's own words, where it does not take what was written", async () => {
    const broken = program("sync", 'echo "error syncing: Input/output error" >&2; exit 1');
    const text = await refusal(...broken, () => on.host.transact(changed));
    match(text, /could not be put on the host.*\(error syncing: Input\/output error\)/);
  });

  it("D14 is refused at once where the host has no flock, as is every other change", async () => {
    const away = ["mv /usr/bin/flock /root/flock", "mv /root/flock /usr/bin/flock"] as const;
    for (const change of [() => on.host.transact(changed), () => on.host.change([write("new")])]) {
      const started = Date.now();
      match(await refusal(...away, change), /the program flock is missing on this host.*install util-linux/);
      equal(Date.now() - started < 20_000, true);
    }
  });
});
