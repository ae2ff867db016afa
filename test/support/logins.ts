/** Logins at a real sshd of this machine, and its log of them. */
import { equal, match, ok, rejects } from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Unreachable } from "../../provider/engine/errors/host.js";
import { type Connection, completeConnection, readConnection } from "../../provider/host/login/connection.js";
import { Pool } from "../../provider/host/login/pool.js";
import { type Sshd, startSshd } from "./sshd.js";

export const limits = { idle: 10, total: 20 };

/** To be called in a `describe`: one sshd for all of its tests, and a pool for each. */
export function logins(): Logins {
  const made = new Logins();
  before(() => made.up());
  beforeEach(() => made.begin());
  afterEach(() => made.pool.close());
  after(() => made.sshd.stop());
  return made;
}

export class Logins {
  pool = new Pool();
  private started: Sshd | undefined;

  get sshd(): Sshd {
    if (this.started === undefined) throw new Error("sshd is not started");
    return this.started;
  }

  async up(): Promise<void> {
    this.started = await startSshd(["MaxSessions 3"]);
  }

  begin(): void {
    this.pool = new Pool();
  }

  to(given: object = {}): Connection {
    const { clientKey, knownHosts, port, user } = this.sshd;
    const own = { privateKeyFile: clientKey, knownHostsFile: knownHosts, port, user, dialErrorLimit: 1 };
    const read = readConnection({ ...own, ...given }, "c");
    if (!("connection" in read)) throw new Error(JSON.stringify(read.faults));
    return completeConnection(read.connection, "127.0.0.1");
  }

  file(name: string, text: string): string {
    const path = join(this.sshd.directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  async works(connection: Connection): Promise<void> {
    const link = await this.pool.link("alpha", connection);
    equal((await link.exec("echo hello", "", limits)).stdout, "hello\n");
  }

  refused(connection: Connection, message: RegExp): Promise<void> {
    return rejects(this.pool.link("alpha", connection), (error) => {
      ok(error instanceof Unreachable);
      match(error.message, message);
      return true;
    });
  }

  /** Runs something and gives sshd's log of that time. */
  async logOf(work: () => Promise<unknown>): Promise<string> {
    const start = this.sshd.log().length;
    await work();
    await sleep(200);
    return this.sshd.log().slice(start);
  }
}
