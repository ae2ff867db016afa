import { equal, match, ok } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { asset } from "../../../provider/engine/asset.js";
import { changed, transactions } from "../../support/transactions.js";

const lock = "/run/dockroute.lock";

describe("the lock of a host", function () {
  this.timeout(180_000);
  const on = transactions();
  const alpha = () => on.lab.host("alpha");
  const asUser = (line: string) => alpha().exec(["su", "-s", "/bin/sh", "nobody", "-c", line]);

  /** The script that loads the parts, with one part that notes the state it finds. */
  async function keepPart(line: string): Promise<void> {
    await alpha().run("mkdir -p /etc/dockroute/parts && cat >/etc/dockroute/apply", {
      input: asset("boot/apply.sh"),
    });
    await alpha().run("cat >/etc/dockroute/parts/note", { input: line });
  }
  const dropPart = () => alpha().run("rm -rf /etc/dockroute /run/dockroute.loaded /root/noted");

  it("D9 can be taken by no other user while a change holds it", async () => {
    let tried = "";
    const verify = async () => {
      const { code, stderr } = await asUser(`flock -n ${lock} true`);
      ok(code !== 0);
      tried = stderr;
    };
    await on.host.transact({ ...changed, verify });
    match(tried, /Permission denied/);
    await on.nothingLeft();
  });

  it("D9 can be taken by no other user while the parts are loaded", async () => {
    await keepPart(`su -s /bin/sh nobody -c 'flock -n ${lock} true' 2>/root/noted || :\n`);
    try {
      await alpha().run("sh /etc/dockroute/apply");
      match(await alpha().run(["cat", "/root/noted"]), /Permission denied/);
      equal((await alpha().exec(["ls", lock])).code, 2);
    } finally {
      await dropPart();
    }
  });

  it("D13 is awaited by the script that loads the parts for 25 s, and then left to its holder", async () => {
    await keepPart("echo loaded >/root/noted\n");
    try {
      const holder = alpha().exec(`flock ${lock} sleep 40`);
      await sleep(1_000);
      const loading = alpha().run("sh /etc/dockroute/apply");
      await sleep(20_000);
      equal(
        (await alpha().exec(["cat", "/root/noted"])).code,
        1,
        "a change may be taking away what is loaded",
      );
      await loading;
      equal(await alpha().run(["cat", "/root/noted"]), "loaded\n", "a change that hangs keeps no rules away");
      equal((await alpha().exec(`flock -n ${lock} true`)).code, 1, "the lock is still its holder's");
      await holder;
      await alpha().run(`rm -f ${lock}`);
    } finally {
      await dropPart();
    }
  });
});
