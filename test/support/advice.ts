/** A person whose ssh has settings of its own, and who follows a refusal to the letter. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Host } from "../../lab/host.js";
import { run } from "../../lab/run.js";
import type { Scene } from "./scene.js";
import type { Config } from "./stack.js";

export class Person {
  readonly home = mkdtempSync(join(tmpdir(), "dockroute-person-"));

  constructor(
    private readonly scene: Scene,
    private readonly host: Host,
  ) {
    Object.assign(scene.stack.env, { HOME: this.home, SSH_AUTH_SOCK: "" });
  }

  /** Writes a file below the home, with its folders. Gives its path. */
  file(name: string, text: string): string {
    const path = join(this.home, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** The host's login in the stack's config, and nothing of it anywhere else. */
  logsIn(connection: Config): void {
    const { name, address } = this.host;
    this.scene.stack.configure({ pool: "172.30.0.0/16", hosts: [{ name, address, connection }] });
  }

  /** A command at the person's own machine. */
  async types(command: string): Promise<string> {
    // OpenSSH takes the home from the system's list of users, not from HOME.
    const env = { ...(process.env as Record<string, string>), HOME: this.home, SSH_AUTH_SOCK: "" };
    return run(["bash", "-c", command], { env });
  }

  /** The host answers: preview tells the changes that it would make there. */
  async getsIn(): Promise<void> {
    const { code, text } = await this.scene.stack.preview();
    assert.doesNotMatch(text, /not reached/);
    assert.equal(code, 0, text);
  }

  /** The lines of preview on the host that it does not reach, on one line. */
  async refusal(...parts: readonly RegExp[]): Promise<string> {
    const { text } = await this.scene.stack.preview();
    const flat = text.replace(/\s+/g, " ");
    const [said = ""] = new RegExp(`${this.host.name} \\(\\S+\\): not reached: .*`).exec(flat) ?? [];
    assert.notEqual(said, "", text);
    for (const part of parts) assert.match(said, part);
    return said;
  }

  strike(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** The command in backticks that begins so. */
export function commandIn(refusal: string, start: string): string {
  const found = [...refusal.matchAll(/`([^`]+)`/g)].find(([, text = ""]) => text.startsWith(start))?.[1];
  assert(found !== undefined, `no command "${start} ..." in: ${refusal}`);
  return found;
}

/** "Add VALUE to the list of SETTING in the host's sshd_config": the file and the list are found by the command there. */
export async function addToList(host: Host, refusal: string): Promise<void> {
  const [, value = "", setting = ""] = /Add (\S+) to the list of (\w+) /.exec(refusal) ?? [];
  const [file = "", line = ""] = (await host.run(commandIn(refusal, "grep"))).trim().split(":");
  assert.match(line, new RegExp(`^ *${setting} `, "i"), refusal);
  await host.run(`sed -i 's/^\\( *${setting} .*\\)$/\\1,${value}/I' ${file}`);
  await host.run(commandIn(refusal, "systemctl reload ssh"));
}

/** The key whose fingerprint the refusal shows is the host's: compared on its console, by the command that it names. */
export async function compare(host: Host, refusal: string): Promise<void> {
  const [, print = ""] = /its host key \S+ (SHA256:\S+) is not known/.exec(refusal) ?? [];
  const shown = await host.run(commandIn(refusal, "ssh-keygen -lf"));
  assert(print !== "" && shown.includes(print), `${shown} in: ${refusal}`);
}
