import { type Config, connectionFor } from "./credentials.js";
import type { Host } from "./host.js";
import { RemoteHost } from "./remote-host.js";
import { Pool } from "./ssh.js";

/** The hosts of this process. Resources of one host share one, or their looks could not be made together. */
export class Hosts {
  readonly #pool = new Pool();
  readonly #hosts = new Map<string, Host>();
  readonly #say: (text: string) => void;

  /** @param say where a line for the person at the console goes */
  constructor(say: (text: string) => void = console.log) {
    this.#say = say;
  }

  /**
   * The host at an endpoint. No login is made yet, and a login that is refused by the config is said here.
   *
   * @param own the connection that a program gave the resource, over the config
   */
  at(name: string, endpoint: string, config: Config, own?: unknown): Host {
    const connection = connectionFor(name, endpoint, config, own);
    const key = JSON.stringify([name, endpoint, connection]);
    const held = this.#hosts.get(key);
    if (held !== undefined) return held;
    const host = new RemoteHost({
      name,
      endpoint,
      limits: { idle: connection.idleTimeout, total: connection.totalTimeout },
      shared: () => this.#pool.link(name, connection),
      fresh: () => this.#pool.fresh(name, connection),
      say: this.#say,
    });
    this.#hosts.set(key, host);
    return host;
  }

  /** Ends every login: for programs that go on afterwards, such as tests. */
  close(): Promise<void> {
    this.#hosts.clear();
    return this.#pool.close();
  }
}
