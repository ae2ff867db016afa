import { connect, createServer, type Socket } from "node:net";

/** A port on this machine that leads to another, with a delay on the way. */
export interface Relay {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * A longer wire without the kernel's help (not every kernel has netem): it hands on each piece of data
 * `delayMs` later, each way, so a round trip takes twice that longer. It is a relay of TCP: the handshake
 * itself is not delayed, so a connection costs one round trip less than over a real wire.
 */
export function delayed(address: string, port: number, delayMs: number): Promise<Relay> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect({ host: address, port });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.setNoDelay(true);
      from.on("data", (data) => later(() => to.write(data)));
      from.on("end", () => later(() => to.end()));
      from.on("error", () => to.destroy());
      from.on("close", () => {
        open.delete(from);
        later(() => to.destroy());
      });
    }
  });
  const later = (work: () => void): void => {
    setTimeout(work, delayMs);
  };
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const bound = server.address();
      if (bound === null || typeof bound === "string") return reject(new Error("the relay has no port"));
      resolve({
        port: bound.port,
        close: () =>
          new Promise((done) => {
            for (const socket of open) socket.destroy();
            server.close(() => done());
          }),
      });
    });
  });
}
