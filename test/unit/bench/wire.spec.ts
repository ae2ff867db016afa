import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { wireTo } from "../../../bench/wire.js";

describe("a wire of the bench", () => {
  let echo: Server;
  let port: number;

  before(async () => {
    echo = createServer((socket) => socket.pipe(socket));
    await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
    port = (echo.address() as AddressInfo).port;
  });
  after(() => new Promise((resolve) => echo.close(resolve)));

  /** Says each word when the last one has come back; gives the milliseconds that it took. */
  async function talk(to: number, words: readonly string[]): Promise<number> {
    const started = performance.now();
    const socket = connect(to, "127.0.0.1");
    for (const word of words) {
      socket.write(word);
      await new Promise((resolve) => socket.once("data", resolve));
    }
    const took = performance.now() - started;
    await new Promise((resolve) => socket.once("close", resolve).destroy());
    return took;
  }

  it("counts bytes, round trips and logins, and begins anew when they are taken", async () => {
    const wire = await wireTo("127.0.0.1", port);
    await talk(wire.port, ["four", "five5"]);
    assert.deepEqual(wire.take(), { sent: 9, received: 9, turns: 2, logins: 1 });
    assert.deepEqual(wire.take(), { sent: 0, received: 0, turns: 0, logins: 0 });
    await wire.close();
  });

  it("has the delay that it is given: in the handshake and in each round trip", async () => {
    const wire = await wireTo("127.0.0.1", port);
    wire.delay = 100;
    // One and a half until the host hears of it, a half for the way back, one for the second word.
    assert.ok((await talk(wire.port, ["a", "b"])) >= 290);
    await wire.close();
  });
});
