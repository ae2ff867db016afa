import type { ClientChannel } from "ssh2";

/** The longest silence of a command, and its longest duration. Seconds; 0 is no limit. */
export interface Limits {
  readonly idle: number;
  readonly total: number;
}

/**
 * The end of an exec. Without an exit status (the link was cut, a signal ended the program, a limit was passed) `code`
 * is undefined and `lost` has the reason in words. Only a code of 0 is a success.
 */
export interface Ended {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly lost?: string;
  /** It was given up because it printed too much. */
  readonly flooded?: true;
}

/**
 * The limit of one exec's output. A host that floods us may cost its own answer, but not our memory. One exec asks
 * all questions of a host: 50,000 firewall rules of another program have 6 MiB.
 */
const mostMiB = 32;
const mostBytes = mostMiB * 1024 * 1024;
export const tooLong = `it is longer than ${mostMiB} MiB`;

/** One exec under way: its output so far, and its end. */
export class Running {
  readonly ended: Promise<Ended>;
  readonly #channel: ClientChannel;
  readonly #out = new Collected();
  readonly #err = new Collected();
  readonly #waiting: { heard: (seen: boolean) => void; there: () => boolean }[] = [];
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #resolve: (ended: Ended) => void = () => {};
  #over = false;
  #code: number | undefined;
  #lost: string | undefined;
  #flooded = false;

  constructor(channel: ClientChannel, stdin: string, limits: Limits) {
    this.#channel = channel;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    channel.once("close", () => this.#end());
    channel.on("error", () => {}); // "close" follows
    channel.on("exit", (code: number | null, signal?: string) => {
      this.#code = code ?? undefined;
      if (code === null) this.#lost = `it was ended by ${signal ?? "a signal"}`;
    });
    const idle = () => this.#arm("idle", limits.idle, `it printed nothing for ${limits.idle} s`);
    const hear = (into: Collected) => (chunk: Buffer) => {
      idle();
      if (!into.add(chunk)) {
        this.#flooded = true;
        this.stop(`it printed more than ${mostMiB} MiB`);
      }
      this.#wake();
    };
    channel.on("data", hear(this.#out));
    channel.stderr.on("data", hear(this.#err));
    idle();
    this.#arm("total", limits.total, `it took longer than ${limits.total} s`);
    channel.write(stdin);
  }

  /** Waits until stdout, or both streams, hold this text (true), or the exec ended without it (false). */
  until(mark: string, where: "stdout" | "both" = "stdout"): Promise<boolean> {
    const streams = where === "both" ? [this.#out, this.#err] : [this.#out];
    const left = new Map(streams.map((each) => [each, 0]));
    const there = () => {
      for (const [stream, seen] of left) {
        if (stream.has(mark, seen)) left.delete(stream);
        else left.set(stream, stream.length);
      }
      return left.size === 0;
    };
    return new Promise((heard) => {
      this.#waiting.push({ heard, there });
      this.#wake();
      if (this.#over) this.#end();
    });
  }

  /** The output so far, for callers that waited for a mark. */
  soFar(): Ended {
    return {
      code: this.#code,
      stdout: this.#out.text(),
      stderr: this.#err.text(),
      ...(this.#lost === undefined ? {} : { lost: this.#lost }),
      ...(this.#flooded ? { flooded: true } : {}),
    };
  }

  /** More input, while it is open. */
  feed(text: string): void {
    if (!this.#over) this.#channel.write(text);
  }

  /** Ends the program's input. */
  finish(): void {
    this.#channel.end();
  }

  /** Gives up the exec: its outcome is not known. */
  stop(reason: string): void {
    this.#lost ??= reason;
    this.#channel.close();
    // On a dead link no "close" would ever come back.
    this.#end();
  }

  #arm(name: string, seconds: number, reason: string): void {
    clearTimeout(this.#timers.get(name));
    if (seconds > 0)
      this.#timers.set(
        name,
        setTimeout(() => this.stop(reason), seconds * 1000),
      );
  }

  #wake(): void {
    for (const each of this.#waiting.filter(({ there }) => there())) {
      this.#waiting.splice(this.#waiting.indexOf(each), 1);
      each.heard(true);
    }
  }

  #end(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#wake();
    for (const { heard } of this.#waiting.splice(0)) heard(false);
    this.#over = true;
    if (this.#code === undefined) this.#lost ??= "the connection was cut";
    this.#resolve(this.soFar());
  }
}

/**
 * Output up to a limit. It is decoded only as a whole, so that no character is lost between two packets, and held in
 * one buffer, so that a host that sends byte by byte does not make us keep a packet for each byte.
 */
class Collected {
  #held = Buffer.alloc(0);
  #bytes = 0;

  add(chunk: Buffer): boolean {
    const bytes = this.#bytes + chunk.length;
    if (bytes > mostBytes) return false;
    if (bytes > this.#held.length) {
      const larger = Buffer.alloc(Math.min(mostBytes, Math.max(4096, 2 * bytes)));
      this.#held.copy(larger);
      this.#held = larger;
    }
    chunk.copy(this.#held, this.#bytes);
    this.#bytes = bytes;
    return true;
  }

  /** True if the output holds this text; the bytes before `from` were searched before. */
  has(mark: string, from: number): boolean {
    return this.#held.subarray(Math.max(0, from - mark.length), this.#bytes).includes(mark);
  }

  get length(): number {
    return this.#bytes;
  }

  text(): string {
    return this.#held.toString("utf8", 0, this.#bytes);
  }
}
