/** A host that answers with what a test tells it to, and notes the shell text of all that is to be done to it. */

import { type Answer, type Command, quote } from "../../provider/engine/command.js";
import { holder } from "../../provider/host/confirm/lock.js";
import { undoProgram } from "../../provider/host/confirm/steps.js";
import { commandLine } from "../../provider/host/exec/batch.js";
import type { Host, Transaction } from "../../provider/host/host.js";
import { dockerBridge } from "../../provider/resources/bridge/index.js";
import { forwardRule } from "../../provider/resources/forward/index.js";
import { masqueradeRule } from "../../provider/resources/masquerade/index.js";
import { peerRoute } from "../../provider/resources/route/index.js";
import { Session } from "../../provider/shells/lifecycle/session.js";

/** Every kind, and the name of its wish in the recordings. */
export const kinds = [
  [dockerBridge, "bridge"],
  [peerRoute, "route"],
  [masqueradeRule, "masquerade"],
  [forwardRule, "forward"],
] as const;

export class ToldHost implements Host {
  readonly endpoint = "root@192.168.1.1:22";
  /** Every script that a shell on the host would have been given. */
  readonly scripts: string[] = [];

  constructor(
    readonly name: string,
    private readonly answer: (question: Command) => Answer,
  ) {}

  async read(questions: readonly Command[]): Promise<readonly Answer[]> {
    return questions.map(this.answer);
  }

  askAlong(): void {}

  readonly pending = false;
  async recover(): Promise<void> {}

  settled<T>(read: () => Promise<T>): Promise<T> {
    return read();
  }

  async change(commands: readonly Command[]): Promise<void> {
    const why = commands[0]?.why ?? "";
    // The host loads a part's own text at boot.
    const parts = commands.flatMap(({ argv, stdin }) => (argv.join() === "sh" && stdin ? [stdin] : []));
    const lines = commands.map((command) => `${commandLine(command)}\n`);
    this.scripts.push(`printf '%s\\n' ${quote([holder(why)])}\n`, ...lines, ...parts);
  }

  async transact({ why, commands, undo }: Transaction): Promise<void> {
    await this.change(commands);
    this.scripts.push(undoProgram({ why, commands: undo, token: "0123456789abcdef" }));
  }

  flow<T>(_: "exclusive" | "shared", work: () => Promise<T>): Promise<T> {
    return work();
  }
}

/** The session as it is, but for its one host; `said` is the text that a person saw. */
export class ToldSession extends Session {
  readonly said: string[] = [];

  constructor(private readonly only: ToldHost) {
    super([]);
  }

  override host = (): Host => this.only;
  override startLooking = (): void => {};
  protected override print(text: string): void {
    this.said.push(text);
  }
}
