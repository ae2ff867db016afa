/**
 * Runs programs in a virtual machine by its QEMU guest agent, over a serial port: no network and no sshd is needed, and
 * a call costs a tenth of a login.
 */
import { connect, type Socket } from "node:net";
import { type Result, type RunOptions, sleep } from "./run.js";

interface Status {
  readonly exited: boolean;
  readonly exitcode?: number;
  readonly signal?: number;
  readonly "out-data"?: string;
  readonly "err-data"?: string;
}

interface Answer {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

/** Refused by the agent: no such program, say. */
class Refused extends Error {}

/** The time that a machine may need from power-on to its agent. */
const bootMs = 300_000;
/** A boot may be in the way of the first question, which is then asked again. */
const askAgainMs = 3000;

/** One connection to one agent. QEMU has one caller at a time, so it is open only while something runs. */
class Line {
  private readonly waiting: { answer: (value: unknown) => void; fail: (error: Error) => void }[] = [];
  private readonly socket: Socket;
  private rest = "";
  private isOver: Error | undefined;
  readonly synchronized: Promise<void>;
  users = 0;

  constructor(path: string) {
    this.socket = connect({ path });
    this.socket.on("error", (error) => this.end(error));
    this.socket.on("close", () => this.end(new Error("the machine went off")));
    const number = 1 + Math.floor(Math.random() * 1e9);
    this.synchronized = new Promise((resolve, reject) => {
      const ask = (): void => {
        // 0xff makes the agent forget the half of a question that an earlier caller left.
        this.socket.write(Buffer.from([0xff]));
        this.send("guest-sync-delimited", { id: number });
      };
      const again = setInterval(ask, askAgainMs);
      const late = setTimeout(() => this.end(new Error("its guest agent does not answer")), bootMs);
      const over = (): void => {
        clearInterval(again);
        clearTimeout(late);
      };
      this.socket.once("close", () => {
        over();
        reject(this.isOver ?? new Error("the machine went off"));
      });
      this.socket.setEncoding("latin1").on("data", (text: string) => {
        this.hear(
          text,
          () => {
            over();
            resolve();
          },
          number,
        );
      });
      ask();
    });
  }

  private hear(text: string, isThere: () => void, number: number): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      const answer = answerIn(line);
      if (answer === undefined) continue;
      // An earlier caller's question has an answer too; nobody waits for it before the number comes back.
      if (answer.return === number) isThere();
      else if (answer.error === undefined) this.waiting.shift()?.answer(answer.return);
      else this.waiting.shift()?.fail(new Refused(answer.error.desc));
    }
  }

  private send(execute: string, args: object): void {
    this.socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
  }

  async ask(execute: string, args: object): Promise<unknown> {
    await this.synchronized;
    if (this.isOver !== undefined) throw this.isOver;
    return new Promise((answer, fail) => {
      this.waiting.push({ answer, fail });
      this.send(execute, args);
    });
  }

  end(error: Error): void {
    this.isOver ??= error;
    this.socket.destroy();
    for (const { fail } of this.waiting.splice(0)) fail(error);
  }
}

/** Nothing where it is the half of an answer that an earlier caller did not wait for. */
function answerIn(line: string): Answer | undefined {
  try {
    const own = line.slice(line.lastIndexOf("\xff") + 1);
    return JSON.parse(Buffer.from(own, "latin1").toString()) as Answer;
  } catch {
    return undefined;
  }
}

/** By the path of the socket, while something runs there. */
const lines = new Map<string, Line>();

async function onLine<T>(path: string, work: (line: Line) => Promise<T>): Promise<T> {
  const line = lines.get(path) ?? new Line(path);
  lines.set(path, line);
  line.users++;
  try {
    return await work(line);
  } finally {
    if (--line.users === 0) {
      if (lines.get(path) === line) lines.delete(path);
      line.end(new Error("hung up"));
    }
  }
}

/** Runs a program as root, and gives how it ended, as `tryRun` does. @param path of the agent's socket */
export function runInGuest(path: string, argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  const [program = "", ...arg] = argv;
  return onLine(path, async (line) => {
    const begun = line.ask("guest-exec", {
      path: program,
      arg,
      env: Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value ?? ""}`),
      "input-data": Buffer.from(options.input ?? "").toString("base64"),
      "capture-output": true,
    });
    const { pid } = (await begun.catch((error: unknown) => {
      if (error instanceof Refused) return { pid: error.message };
      throw error;
    })) as { readonly pid: number | string };
    if (typeof pid === "string") return { code: 127, stdout: "", stderr: pid };
    return ended(line, pid, options);
  });
}

async function ended(line: Line, pid: number, { timeoutMs, signal }: RunOptions): Promise<Result> {
  const until = Date.now() + (timeoutMs ?? Number.POSITIVE_INFINITY);
  // Most programs are quick; of a slow one the machine, which is slow itself, is not asked all the time.
  for (let pause = 20; ; pause = Math.min(400, pause * 1.5)) {
    const status = (await line.ask("guest-exec-status", { pid })) as Status;
    if (status.exited) return resultOf(status);
    if (Date.now() > until || signal?.aborted === true) {
      const kill = { path: "kill", arg: ["-KILL", String(pid)], "capture-output": true };
      await line.ask("guest-exec", kill);
      signal?.throwIfAborted();
      return { code: 137, stdout: "", stderr: "" };
    }
    await sleep(pause);
  }
}

function resultOf(status: Status): Result {
  const text = (data: string | undefined): string => Buffer.from(data ?? "", "base64").toString();
  return {
    code: status.exitcode ?? 128 + (status.signal ?? 0),
    stdout: text(status["out-data"]),
    stderr: text(status["err-data"]),
  };
}
