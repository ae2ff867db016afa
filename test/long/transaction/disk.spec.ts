import { deepEqual } from "node:assert/strict";
import { writeFile } from "../../../provider/facts/files.js";
import { changed, transactions } from "../../support/transactions.js";

/**
 * A power cut of the lab takes no page of its machine's memory along, so the test is of the order: which program
 * puts a name in place, and which one the folder of that name on the disk before the next step.
 */
describe("what a change puts in place", function () {
  this.timeout(180_000);
  const on = transactions();
  const noted = ["mv", "sync", "tee"];

  beforeEach(async () => {
    for (const name of noted) {
      const path = `/usr/local/sbin/${name}`;
      const input = `#!/bin/sh\necho "${name} $*" >>/root/calls\nexec /usr/bin/${name} "$@"\n`;
      await on.lab.host("alpha").run(`cat >${path} && chmod 755 ${path}`, { input });
    }
  });
  afterEach(() =>
    on.lab.host("alpha").run(`cd /usr/local/sbin && rm -f ${noted.join(" ")} /root/calls /srv/file`),
  );
  const calls = async () => (await on.lab.host("alpha").run(["cat", "/root/calls"])).trim().split("\n");

  it("D15 is on the disk under its name before the next step: a file, on a host without Perl", async () => {
    const file = { path: "/srv/file", text: "new\n", mode: "644", why: "write a file" };
    await on.lab.host("alpha").run("chmod a-x /usr/bin/perl");
    try {
      await on.host.change([writeFile(file), { why: "go on", argv: ["tee"] }]);
    } finally {
      await on.lab.host("alpha").run("chmod a+x /usr/bin/perl");
    }
    deepEqual(await calls(), ["mv -T /srv/file.dockroute-new /srv/file", "sync /srv", "tee"]);
  });

  it("D15 is on the disk under its name before the first step: the undo program, its unit and their folders", async () => {
    await on.host.transact(changed);
    const [pending, units] = ["/etc/dockroute/pending", "/etc/systemd/system"];
    const before = `${pending}/undo.new ${units}/dockroute-undo.service ${units}/multi-user.target.wants ${units} /etc/dockroute`;
    deepEqual(await calls(), [
      `sync ${before}`,
      `mv ${pending}/undo.new ${pending}/undo`,
      `sync ${pending}`,
      "tee /root/state",
      `sync ${pending}`,
    ]);
    await on.nothingLeft();
  });
});
