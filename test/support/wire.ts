/** A wire with a delay, and a count of its connections: this machine's kernel may have no netem. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Milliseconds that a round trip takes longer than without it. */
export interface Wire {
  readonly port: number;
  /** The start of each connection, in milliseconds of the process's clock. */
  readonly begun: readonly number[];
  close(): Promise<void>;
}

/** Listens on loopback and passes on to `address`, each way half of the delay late. */
export async function wireTo(address: string, delay: number, port = 22): Promise<Wire> {
  const begun: number[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((near) => {
    begun.push(performance.now());
    const far = connect({ host: address, port, noDelay: true });
    near.setNoDelay();
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("data", (data) => setTimeout(() => to.writable && to.write(data), delay / 2));
      from.on("end", () => setTimeout(() => to.end(), delay / 2));
      from.on("error", () => to.destroy());
      from.on("close", () => sockets.delete(from));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    begun,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
