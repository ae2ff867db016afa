/** A wire to a host's sshd with a delay, and a count of what goes over it: this machine's kernel may have no netem. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Traffic {
  /** Bytes from the client to the host. */
  sent: number;
  /** Bytes from the host to the client. */
  received: number;
  /** Times that the client spoke after it had heard: round trips, the handshakes of ssh among them. */
  turns: number;
  logins: number;
}

export interface Wire {
  readonly port: number;
  /** Milliseconds that a round trip takes longer than without it. */
  delay: number;
  /** The traffic since the last call. */
  take(): Traffic;
  close(): Promise<void>;
}

const nothing = (): Traffic => ({ sent: 0, received: 0, turns: 0, logins: 0 });

export async function wireTo(address: string, port = 22): Promise<Wire> {
  let traffic = nothing();
  // A wire keeps its port when its length changes: the port is a part of what tools remember of a host.
  let delay = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    traffic.logins++;
    sockets.add(near);
    const line = { heard: true, far: undefined as Socket | undefined, early: [] as Buffer[] };
    near.on("error", () => near.destroy());
    near.on("data", (data) => {
      traffic.sent += data.length;
      if (line.heard) traffic.turns++;
      line.heard = false;
      later(delay / 2, () => (line.far === undefined ? line.early.push(data) : line.far.write(data)));
    });
    near.on("close", () => later(delay / 2, () => line.far?.destroy()));
    // On a real wire a host greets one and a half round trips after the client began.
    later(delay * 1.5, () => {
      const far = connect({ host: address, port, noDelay: true });
      sockets.add(far);
      line.far = far;
      for (const data of line.early) far.write(data);
      far.on("error", () => far.destroy());
      far.on("data", (data) => {
        traffic.received += data.length;
        line.heard = true;
        later(delay / 2, () => near.writable && near.write(data));
      });
      far.on("end", () => later(delay / 2, () => near.end()));
      far.on("close", () => later(delay / 2, () => near.destroy()));
      if (near.destroyed) far.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get delay() {
      return delay;
    },
    set delay(ms) {
      delay = ms;
    },
    take() {
      const taken = traffic;
      traffic = nothing();
      return taken;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function later(ms: number, work: () => unknown): void {
  if (ms === 0) work();
  else setTimeout(work, ms);
}
