import type { Duplex } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { printable } from "../../engine/printable.js";
import { type Ended, type Limits, Running } from "../exec/running.js";

/** sshd's MaxSessions is 10 by default; some sessions are left for the user's own connection sharing. */
const mostChannels = 8;
const keepalive = { everyMs: 10_000, unanswered: 3 };

/** Keeps the process alive while there is work: a socket, or the link of the last hop. */
export interface Lifeline {
  ref(): unknown;
  unref(): unknown;
}

/** The host opened no channel for an exec, so nothing of it was run. */
export class NoChannel extends Error {}

type Begin = (channel: ClientChannel) => Running;

/** One login at a host, used by many execs at a time. */
export class Link implements Lifeline {
  /** Resolves when the login is over, whichever side ended it. */
  readonly closed: Promise<void>;
  readonly #client: Client;
  readonly #lifeline: Lifeline;
  readonly #pulse: NodeJS.Timeout;
  readonly #queue: (() => void)[] = [];
  #most = mostChannels;
  #channels = 0;
  #users = 0;
  #unanswered = 0;
  #open = true;

  constructor(client: Client, lifeline: Lifeline) {
    this.#client = client;
    this.#lifeline = lifeline;
    // A socket keeps the process alive from its beginning; a hop's link only while it is used.
    if (!(lifeline instanceof Link)) lifeline.unref();
    // ssh2's own keepalive would keep the process alive for ever, so it is off; this timer is unref'd.
    this.#pulse = setInterval(() => this.#beat(), keepalive.everyMs).unref();
    client.on("error", () => {}); // each exec under way sees the "close" that follows
    this.closed = new Promise((resolve) => {
      client.once("close", () => {
        this.#open = false;
        clearInterval(this.#pulse);
        for (const next of this.#queue.splice(0)) next();
        resolve();
      });
    });
  }

  ref(): void {
    if (this.#users++ === 0) this.#lifeline.ref();
  }

  unref(): void {
    if (--this.#users === 0) this.#lifeline.unref();
  }

  close(): void {
    this.#open = false;
    this.#client.end();
  }

  /** Runs one command line with this input, and returns its output. */
  async exec(line: string, stdin: string, limits: Limits): Promise<Ended> {
    const running = await this.start(line, stdin, limits);
    running.finish();
    return running.ended;
  }

  /** The same with the input left open, for a command that holds a lock while others run. */
  async start(line: string, stdin: string, limits: Limits): Promise<Running> {
    this.ref();
    try {
      const running = await this.#channel((channel) => new Running(channel, stdin, limits), line);
      void running.ended.then(() => this.#release());
      return running;
    } catch (error) {
      this.unref();
      throw error;
    }
  }

  /** A channel through this host to another. */
  forward(host: string, port: number): Promise<Duplex> {
    this.ref();
    return new Promise((resolve, reject) => {
      this.#client.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
        this.unref();
        if (error) reject(new NoChannel(printable(error.message)));
        else resolve(channel);
      });
    });
  }

  async #channel(begin: Begin, line: string): Promise<Running> {
    while (this.#channels >= this.#most) await new Promise<void>((go) => this.#queue.push(go));
    this.#channels++;
    try {
      return await this.#request(begin, line);
    } catch (error) {
      this.#channels--;
      // A host with a smaller MaxSessions refuses one more session: stay below that from now on.
      if (!this.#open || this.#channels === 0) throw error;
      this.#most = this.#channels;
      return this.#channel(begin, line);
    }
  }

  /** The listeners are added in the callback: a moment later the end of a quick command would be missed. */
  #request(begin: Begin, line: string): Promise<Running> {
    return new Promise((resolve, reject) => {
      if (!this.#open) return reject(new NoChannel("the connection is closed"));
      this.#client.exec(line, (error, channel) => {
        if (error) reject(new NoChannel(printable(error.message)));
        else resolve(begin(channel));
      });
    });
  }

  #release(): void {
    this.#channels--;
    this.unref();
    this.#queue.shift()?.();
  }

  /** Finds a silently cut link: three requests without an answer end it. */
  #beat(): void {
    if (this.#unanswered >= keepalive.unanswered) return void this.#client.destroy();
    this.#unanswered++;
    this.answers().catch(() => {});
  }

  /** Resolves when the host answers a request that every host must refuse (RFC 4254, 7.1). */
  answers(): Promise<void> {
    return new Promise((resolve) => {
      this.#client.unforwardIn("127.0.0.1", 1, () => {
        // The end of the connection calls back too.
        if (!this.#open) return;
        this.#unanswered = 0;
        resolve();
      });
    });
  }
}
