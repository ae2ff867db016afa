import { equal, match, ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { Wire } from "../../../faults/wire.js";
import { limits, logins } from "../../../support/logins.js";

describe("a link over ssh", function () {
  this.timeout(60_000);
  const at = logins();

  describe("tells how a command ended", () => {
    it("by itself, by a signal", async () => {
      const link = await at.pool.link("alpha", at.to());
      equal((await link.exec("exit 7", "", limits)).code, 7);
      const killed = await link.exec("kill -9 $$", "", limits);
      equal(killed.code, undefined);
      match(killed.lost ?? "", /SIGKILL/);
    });
    it("by a link that was cut", async () => {
      const wire = await Wire.open("127.0.0.1", at.sshd.port);
      const through = at.to({ port: wire.port, hostKey: at.sshd.hostKey("ed25519") });
      try {
        const link = await at.pool.link("alpha", through);
        const running = await link.start("echo begun; sleep 9; echo over", "", limits);
        ok(await running.until("begun\n"));
        wire.reset();
        const { code, stdout, lost } = await running.ended;
        equal(code, undefined);
        equal(stdout, "begun\n");
        match(lost ?? "", /cut/);
        // The next caller gets a new login.
        equal((await (await at.pool.link("alpha", through)).exec("echo back", "", limits)).stdout, "back\n");
      } finally {
        await wire.close();
      }
    });
  });

  it("is made once for all callers, and holds no process", async () => {
    const log = await at.logOf(async () => {
      const links = await Promise.all(Array.from({ length: 20 }, () => at.pool.link("alpha", at.to())));
      equal(new Set(links).size, 1);
    });
    equal(log.match(/^Connection from /gm)?.length, 1);
    const program = `
      const { Pool } = require(${JSON.stringify(join(__dirname, "../../../../provider/host/login/pool.ts"))});
      const link = new Pool().link("alpha", JSON.parse(process.argv[1]));
      link.then((l) => l.exec("echo hello", "", { idle: 9, total: 9 })).then(({ stdout }) => console.log(stdout));`;
    const out = execFileSync(process.execPath, ["--import", "tsx", "-e", program, JSON.stringify(at.to())], {
      encoding: "utf8",
      timeout: 20_000,
    });
    equal(out, "hello\n\n");
  });
});
