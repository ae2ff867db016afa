/** A host of two variables and no machine behind it, and the kind of thing that can be made true on it. */
import type { Answer, Command } from "../../provider/engine/command.js";
import { CommandFailed } from "../../provider/engine/errors/change.js";
import type { Kind, OnHost, Remembered } from "../../provider/engine/kind.js";
import type { Host, Transaction } from "../../provider/host/host.js";

export class FakeHost implements Host {
  readonly endpoint = "root@192.168.1.1:22";
  /** Everything that was asked and done, in order. */
  readonly log: string[] = [];
  readonly variables = new Map<string, string>([["up", "yes"]]);
  /** Thrown by the next look, or by the command with this `why`. */
  failing: Error | string | undefined;
  /** Ends each command well and changes nothing. */
  deaf = false;
  forgotten = 0;
  private isKnown = true;

  constructor(readonly name: string) {}

  async look(questions: readonly Command[]): Promise<readonly Answer[]> {
    this.log.push(this.isKnown ? "look" : "look anew");
    this.isKnown = true;
    if (this.failing instanceof Error) throw this.failing;
    return questions.map(({ argv }) => ({
      code: 0,
      stdout: this.variables.get(argv[1] ?? "") ?? "",
      stderr: "",
    }));
  }

  /** Takes back what the next look sees. */
  takesBack: (() => void) | undefined;
  get pending(): boolean {
    return this.takesBack !== undefined;
  }
  async recover(): Promise<void> {
    this.log.push("recover");
    this.takesBack?.();
    this.takesBack = undefined;
  }

  recall(questions: readonly Command[]): Promise<readonly Answer[]> {
    return this.look(questions);
  }

  forget(): void {
    this.isKnown = false;
    this.forgotten++;
  }

  async change(commands: readonly Command[]): Promise<void> {
    for (const { why, argv, risk } of commands) {
      const effect = { changed: true, disrupted: risk !== undefined };
      if (this.failing === why)
        throw new CommandFailed(this.name, why, argv.join(" "), 1, "no", "Undone: yes.", effect);
      this.log.push(why);
      if (!this.deaf) this.variables.set(argv[1] ?? "", argv[2] ?? "");
    }
  }

  async transact({ why, commands, undo, verify }: Transaction): Promise<void> {
    this.log.push(`begin: ${why}`);
    try {
      await this.change(commands);
      await verify();
      this.log.push("confirm");
    } catch (error) {
      this.log.push(...undo.map((command) => `undo: ${command.why}`));
      throw error;
    }
  }

  async alone<T>(work: () => Promise<T>): Promise<T> {
    this.forget();
    return work();
  }

  together<T>(work: () => Promise<T>): Promise<T> {
    return this.alone(work);
  }
}

export interface Wish extends OnHost {
  readonly value: string;
  readonly level?: string | undefined;
}

export interface Seen {
  readonly value: string;
  readonly level: string;
  readonly up: string;
}

const set = (name: string, value: string, risk?: "docker"): Command => ({
  why: `set ${name}`,
  argv: ["set", name, value],
  ...(risk === undefined ? {} : { risk }),
});

/** `value` is set without a risk, and then `level`, which restarts something. */
export const toy: Kind<Wish, Seen> = {
  changes: { value: "replace", level: "update" },
  id: ({ host, value }) => `${host}/${value}`,
  check: (raw) =>
    raw["value"] === "bad"
      ? { faults: [{ property: "value", reason: "bad is not good" }] }
      : { inputs: raw as unknown as Wish },
  look: {
    questions: ["value", "level", "up"].map((name) => ({ why: `read ${name}`, argv: ["get", name] })),
    read: (_, [value, level, up]) => ({
      value: value?.stdout ?? "",
      level: level?.stdout ?? "",
      up: up?.stdout ?? "",
    }),
  },
  objections: (_, { value }) =>
    value === "foreign" ? [{ property: "value", reason: "it is someone else's" }] : [],
  steps: (wish: Wish & Remembered, seen) => {
    if (seen.value !== wish.value) return [set("value", wish.value)];
    const level = wish.level ?? "";
    return seen.level === level ? [] : [set("level", level, "docker")];
  },
  undo: (held, seen) => (seen.value === held.value ? [set("value", "")] : []),
  restore: (before) => [{ why: `level back to ${before.level || "nothing"}`, argv: ["set"] }],
  gone: (_, { value }) => value === "",
  observed: (_, { level }) => ({ level }),
  drift: (_, { up }) => (up === "yes" ? [] : ["it is down"]),
  unready: ({ up }) => (up === "never" ? ["it cannot be asked"] : []),
  notices: ({ level }, seen) => (level === seen.level ? [] : ["something restarts"]),
  disrupts: ({ level = "" }, seen) => level !== seen.level,
};
