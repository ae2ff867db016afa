import { doesNotMatch, equal } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { logins } from "../../../support/logins.js";

describe("a login over ssh through a hop", function () {
  this.timeout(60_000);
  const at = logins();

  const hop = () => ({
    host: "127.0.0.1",
    port: at.sshd.port,
    user: at.sshd.user,
    privateKeyFile: at.sshd.clientKey,
    knownHostsFile: at.sshd.knownHosts,
    dialErrorLimit: 1,
  });
  it("works, also through two", () => at.works(at.to({ proxy: [hop(), hop()] })));
  it("that two hosts share, and holds the process until both have answered", () => {
    const module = JSON.stringify(join(__dirname, "../../../../provider/host/login/pool.ts"));
    const program = `
      const { Pool } = require(${module});
      const pool = new Pool();
      const ask = async (to, at) =>
        console.log((await (await pool.link("h" + at, to)).exec("sleep 0.3; echo hello", "", { idle: 9, total: 9 })).stdout);
      JSON.parse(process.argv[1]).forEach(ask);`;
    const one = at.to({ proxy: [hop(), hop()] });
    const known = at.file("both", `* ${at.sshd.hostKey("ed25519")}`);
    const both = [one, { ...one, host: "localhost", knownHostsFile: known }];
    const argv = ["--import", "tsx", "-e", program, JSON.stringify(both)];
    const out = execFileSync(process.execPath, argv, { encoding: "utf8", timeout: 20_000 });
    equal(out, "hello\n\nhello\n\n");
  });
  it("whose key is not known", async () => {
    const log = await at.logOf(() =>
      at.refused(at.to({ proxy: { ...hop(), knownHostsFile: "/nowhere" } }), /its hop .*is not known/),
    );
    doesNotMatch(log, /userauth-request/);
  });
  it("with another host behind it", () =>
    at.refused(
      at.to({ proxy: hop(), hostKey: `SHA256:${"A".repeat(43)}` }),
      /not reached: it shows the host key/,
    ));
  it("that finds no way", () =>
    at.refused(at.to({ proxy: hop(), port: 1 }), /its hop .* opened no way to 127/));
});
