import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { Unreachable } from "../../engine/errors/host.js";
import { type Connection, endpointOf } from "./connection.js";
import { DialFailed, dial } from "./dial.js";
import { Link, NoChannel } from "./link.js";

const firstPauseMs = 500;
const longestPauseMs = 8_000;
/** Many resources of one host ask one after the other: a host that does not answer is not dialled again for each. */
const failureHoldsMs = 20_000;

/** The logins of this process: one for each endpoint, made on first use and kept. */
export class Pool {
  readonly #links = new Map<string, Promise<Link>>();
  readonly #failures = new Map<string, { fault: DialFailed; until: number }>();

  /** The shared login at a host. */
  async link(host: string, connection: Connection): Promise<Link> {
    return this.#orUnreachable(host, connection, () => this.#shared(connection));
  }

  /** A new login, dialled now even after a recent failure. The caller closes it. */
  async fresh(host: string, connection: Connection): Promise<Link> {
    return this.#orUnreachable(host, connection, () => this.#persist(connection));
  }

  /** Ends every login. */
  async close(): Promise<void> {
    const links = await Promise.allSettled(this.#links.values());
    this.#links.clear();
    for (const each of links) if (each.status === "fulfilled") each.value.close();
  }

  async #orUnreachable(host: string, connection: Connection, make: () => Promise<Link>): Promise<Link> {
    try {
      return await make();
    } catch (error) {
      if (!(error instanceof DialFailed)) throw error;
      const { reason, advice, silent } = error.refusal;
      throw new Unreachable(host, endpointOf(connection, connection.host), reason, advice, silent);
    }
  }

  async #shared(connection: Connection): Promise<Link> {
    const key = [...connection.proxy, connection].map((each) => endpointOf(each, each.host)).join(" ");
    const failure = this.#failures.get(key);
    if (failure !== undefined && performance.now() < failure.until) throw failure.fault;
    const held = this.#links.get(key);
    if (held !== undefined) return held;
    const made = this.#persist(connection);
    this.#links.set(key, made);
    made.then(
      (link) => link.closed.then(() => this.#links.delete(key)),
      (fault: unknown) => {
        this.#links.delete(key);
        if (!(fault instanceof DialFailed)) return;
        this.#failures.set(key, { fault, until: performance.now() + failureHoldsMs });
      },
    );
    return made;
  }

  /** Dials until a dial succeeds, cannot succeed, or the limit is reached; with growing, random pauses. */
  async #persist(connection: Connection): Promise<Link> {
    const most = connection.dialErrorLimit;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(connection);
      } catch (error) {
        if (!(error instanceof DialFailed) || !error.again || (most >= 0 && tries >= most)) throw error;
        const pause = Math.min(firstPauseMs * 2 ** (tries - 1), longestPauseMs);
        await sleep(pause * (0.5 + Math.random()));
      }
    }
  }

  async #once(connection: Connection): Promise<Link> {
    const last = connection.proxy.at(-1);
    if (last === undefined) {
      const { client, socket } = await dial(connection);
      return new Link(client, socket instanceof Socket ? socket : { ref: () => {}, unref: () => {} });
    }
    // A hop is reached through the hops before it, and its key is judged under its own name.
    const hop: Connection = { ...last, proxy: connection.proxy.slice(0, -1) };
    const via = await this.#hop(hop);
    const { client } = await dial(connection, await wayThrough(via, hop, connection));
    return new Link(client, via);
  }

  async #hop(hop: Connection): Promise<Link> {
    try {
      return await this.#shared(hop);
    } catch (error) {
      if (!(error instanceof DialFailed) || error.atHop) throw error;
      const { reason, advice } = error.refusal;
      throw new DialFailed({ reason: `its hop ${nameOf(hop)}: ${reason}`, advice }, false, true);
    }
  }
}

/** "bastion (admin@10.0.0.1:22)" */
function nameOf(hop: Connection): string {
  const endpoint = endpointOf(hop, hop.host);
  return hop.alias === undefined ? endpoint : `${hop.alias} (${endpoint})`;
}

/** The channel through a hop. For a host that does not answer, the hop waits much longer than a dial may take. */
async function wayThrough(
  via: Link,
  hop: Connection,
  { host, port, perDialTimeout }: Connection,
): Promise<Duplex> {
  const way = via.forward(host, port);
  const over = new AbortController();
  const limit =
    perDialTimeout === 0
      ? []
      : [
          sleep(perDialTimeout * 1000, undefined, { signal: over.signal, ref: false }).then(() => {
            way.then((late) => late.destroy()).catch(() => {});
            throw new NoChannel(`nothing within ${perDialTimeout} s`);
          }),
        ];
  try {
    return await Promise.race([way, ...limit]);
  } catch (error) {
    if (!(error instanceof NoChannel)) throw error;
    const reason = `its hop ${nameOf(hop)} opened no way to ${host}:${port}: ${error.message}`;
    const advice =
      "Check its address as the hop sees it, and that the hop's sshd forwards (AllowTcpForwarding).";
    throw new DialFailed({ reason, advice, silent: true }, true);
  } finally {
    over.abort();
    for (const each of limit) each.catch(() => {});
  }
}
