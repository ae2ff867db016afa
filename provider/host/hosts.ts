import type { Host } from "./host.js";
import { type Config, configuredHosts, connectionFor, leavingHosts } from "./login/credentials.js";
import { Pool } from "./login/pool.js";
import { RemoteHost } from "./remote-host.js";

/** The hosts of this process. Resources of one host share one, or their looks could not be made together. */
export class Hosts {
  readonly #pool = new Pool();
  readonly #hosts = new Map<string, Host>();
  readonly #config: Config;
  readonly #say: (text: string) => void;

  /** @param say prints a line for the person at the console */
  constructor(config: Config, say: (text: string) => void) {
    this.#config = config;
    this.#say = say;
  }

  /**
   * The host at an endpoint. No login is made yet; a connection that is no connection is refused.
   *
   * @param own the connection that a program gave the resource, over the config
   */
  get(name: string, endpoint: string, own?: unknown): Host {
    const connection = connectionFor(name, endpoint, this.#config, own);
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

  /** Every host that the stack's config names. */
  configured(): readonly Host[] {
    return configuredHosts(this.#config).flatMap(({ name, endpoint }) => {
      try {
        return [this.get(name, endpoint)];
      } catch {
        // The resources of this host report the faults of the config.
        return [];
      }
    });
  }

  /** The config's `leaving`. */
  leaving(): readonly { name: string; gone: boolean }[] {
    return leavingHosts(this.#config);
  }

  /** Ends every login: for programs that go on afterwards, such as tests. */
  close(): Promise<void> {
    this.#hosts.clear();
    return this.#pool.close();
  }
}
