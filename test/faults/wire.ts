/** The wire between the client and one host's sshd, as a TCP proxy that a test can cut, stall and mend. */
import { connect, createServer, type Server, type Socket } from "node:net";

export type WireState = "whole" | "cut" | "stalled" | "dripping";

export class Wire {
  private state: WireState = "whole";
  private readonly sockets = new Set<Socket>();
  /** The number of connections that were asked for. */
  dials = 0;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static open(address: string, port = 22): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const server = createServer();
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => {
        const bound = server.address();
        if (bound === null || typeof bound === "string") return reject(new Error("the wire has no port"));
        const wire = new Wire(server, bound.port);
        server.on("connection", (near) => wire.join(near, connect({ host: address, port })));
        resolve(wire);
      });
    });
  }

  private join(near: Socket, far: Socket): void {
    this.dials++;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from);
      from.setNoDelay(true);
      from.on("data", (data) => this.pass(from, to, data));
      from.on("end", () => to.end());
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.sockets.delete(from);
        to.destroy();
      });
      if (this.state === "cut") from.destroy();
      if (this.state === "stalled") from.pause();
    }
  }

  private pass(from: Socket, to: Socket, data: Buffer): void {
    if (this.state !== "dripping") {
      to.write(data);
      return;
    }
    // Some bytes at a time: every message arrives in pieces.
    from.pause();
    let at = 0;
    const drip = setInterval(() => {
      if (at < data.length && this.state === "dripping") {
        to.write(data.subarray(at, at + 97));
        at += 97;
        return;
      }
      to.write(data.subarray(at));
      clearInterval(drip);
      if (this.state !== "stalled") from.resume();
    }, 2);
    to.once("close", () => clearInterval(drip));
  }

  /** Every connection ends, and no new one is had. */
  cut(): void {
    this.state = "cut";
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** Ends what is open; new connections are had at once. */
  reset(): void {
    this.cut();
    this.mend();
  }

  /** Nothing passes any more, and nobody is told. */
  stall(): void {
    this.state = "stalled";
    for (const socket of this.sockets) socket.pause();
  }

  drip(): void {
    this.state = "dripping";
  }

  mend(): void {
    this.state = "whole";
    for (const socket of this.sockets) socket.resume();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((done) => this.server.close(() => done()));
  }
}
