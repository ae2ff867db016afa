import { equal, match, ok, rejects } from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { limits, logins } from "../../../support/logins.js";

describe("a login over ssh keeps its limits", function () {
  this.timeout(60_000);
  const at = logins();

  let silent: Server;
  const sockets: Socket[] = [];
  let connections = 0;
  const port = () => {
    const address = silent.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  };
  before((done) => {
    silent = createServer((socket) => {
      connections++;
      sockets.push(socket);
      socket.on("error", () => {});
    }).listen(0, "127.0.0.1", done);
  });
  after(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it("of a dial that nobody answers, and of the number of dials", async () => {
    await at.refused(
      at.to({ port: port(), perDialTimeout: 0.2, dialErrorLimit: 2 }),
      /no login within 0\.2 s/,
    );
    equal(connections, 2);
    const again = performance.now();
    await at.refused(at.to({ port: port(), perDialTimeout: 0.2, dialErrorLimit: 2 }), /no login within/);
    ok(performance.now() - again < 100, "a host found dead is not dialled for each of its resources");
  });
  it("of a port that is closed", () =>
    at.refused(at.to({ port: 1 }), /the connection was refused.*sshd runs/));
  it("of a name that is none", () =>
    rejects(
      at.pool.link("alpha", { ...at.to({ dialErrorLimit: 5 }), host: "no.such.host.invalid" }),
      /not known to the resolver|resolver did not answer/,
    ));
  it("of silence and of time", async () => {
    const link = await at.pool.link("alpha", at.to());
    match((await link.exec("sleep 9", "", { idle: 0.3, total: 9 })).lost ?? "", /printed nothing for 0.3 s/);
    const ticks = "while sleep 0.1; do echo tick; done";
    match((await link.exec(ticks, "", { idle: 5, total: 0.7 })).lost ?? "", /took longer than 0.7 s/);
    equal((await link.exec("echo fine", "", limits)).code, 0);
  });
  it("of memory", async () => {
    const link = await at.pool.link("alpha", at.to());
    const flood = await link.exec("yes", "", limits);
    match(flood.lost ?? "", /more than 32 MiB/);
    ok(flood.stdout.length <= 32 * 1024 * 1024);
    equal(flood.code, undefined);
  });
  it("of the host's sessions, which are fewer than it thought", async () => {
    const link = await at.pool.link("alpha", at.to());
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, index) => link.exec(`sleep 0.1; echo ${index}`, "", limits)),
    );
    equal(all.map(({ stdout }) => stdout.trim()).join(), Array.from({ length: 12 }, (_, i) => i).join());
  });
});
