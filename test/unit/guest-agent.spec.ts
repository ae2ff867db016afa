/** The lab's side of the QEMU guest agent's protocol, against a server that answers as the agent does. */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInGuest } from "../../lab/guest-agent.js";

interface Question {
  readonly execute: string;
  readonly arguments: { readonly id?: number; readonly path?: string; readonly "input-data"?: string };
}

describe("lab: the guest agent", () => {
  let folder: string;
  let server: Server;
  let looks = 0;
  const path = () => join(folder, "agent.sock");
  const data = (text: string) => Buffer.from(text).toString("base64");

  /** Runs nothing: `echo` gives its input, and other programs are not there. */
  function answerTo({ execute, arguments: given }: Question): unknown {
    if (execute === "guest-sync-delimited") return { return: given.id };
    if (execute === "guest-exec" && given.path !== "echo") return { error: { desc: "no such program" } };
    if (execute === "guest-exec") return { return: { pid: 7 } };
    looks++;
    if (looks < 3) return { return: { exited: false } };
    return { return: { exited: true, exitcode: 3, "out-data": data("out ä"), "err-data": data("err") } };
  }

  function serve(socket: Socket): void {
    // The half of an answer to an earlier caller comes first.
    socket.write('": {"exited": tr\n{"return": {}}\n');
    socket.setEncoding("latin1").on("data", (text: string) => {
      for (const line of text.split("\n").filter((each) => each.includes("{"))) {
        const question = JSON.parse(line.replaceAll("\xff", "")) as Question;
        socket.write(`${JSON.stringify(answerTo(question))}\n`);
      }
    });
  }

  beforeEach((done) => {
    looks = 0;
    folder = mkdtempSync(join(tmpdir(), "dockroute-agent-"));
    server = createServer(serve).listen(path(), done);
  });
  afterEach(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("waits for the program's end, and is not confused by the rest of an earlier call", async () => {
    const result = await runInGuest(path(), ["echo", "a"], { input: "x" });
    deepEqual(result, { code: 3, stdout: "out ä", stderr: "err" });
    equal(looks, 3);
  });

  it("gives 127 for a program that is not there", async () => {
    equal((await runInGuest(path(), ["nothing"])).code, 127);
  });

  it("fails when the machine goes off, and hangs up after each call", async () => {
    await rejects(runInGuest(join(folder, "none.sock"), ["echo"]), /ENOENT/);
    server.removeAllListeners("connection").on("connection", (socket) => socket.destroy());
    await rejects(runInGuest(path(), ["echo"]), /went off|EPIPE|ECONNRESET/);
  });
});
