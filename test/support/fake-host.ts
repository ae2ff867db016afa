/** A host of two variables and no machine behind it, and the kind of thing that can be made true on it. */
import { state } from "../../provider/engine/claim.js";
import type { Answer, Command } from "../../provider/engine/command.js";
import { CommandFailed } from "../../provider/engine/errors/change.js";
import { fact } from "../../provider/engine/fact.js";
import type { Kind, OnHost, Remembered } from "../../provider/engine/kind.js";
import type { Age, Host, Transaction } from "../../provider/host/host.js";

export class FakeHost implements Host {
  readonly endpoint = "root@192.168.1.1:22";
  /** Everything that was asked and done, in order. */
  readonly log: string[] = [];
  readonly variables = new Map<string, string>([["up", "yes"]]);
  /** Thrown by the next read, or by the command with this `why`. */
  failing: Error | string | undefined;
  /** Ends each command well and changes nothing. */
  deaf = false;
  private drops = 0;
  private isKnown = true;

  constructor(readonly name: string) {}

  async read(questions: readonly Command[], age: Age = "current"): Promise<readonly Answer[]> {
    this.log.push(this.isKnown && age !== "now" ? "read" : "read anew");
    this.isKnown = true;
    if (this.failing instanceof Error) throw this.failing;
    return questions.map(({ argv }) => ({
      code: 0,
      stdout: this.variables.get(argv[1] ?? "") ?? "",
      stderr: "",
    }));
  }

  /** Rolls back what the next read sees. */
  takesBack: (() => void) | undefined;
  askAlong(): void {}

  get pending(): boolean {
    return this.takesBack !== undefined;
  }
  async recover(): Promise<void> {
    this.log.push("recover");
    this.takesBack?.();
    this.takesBack = undefined;
  }

  async settled<T>(
    read: () => Promise<T>,
    recovering: (recover: () => Promise<void>) => Promise<void>,
  ): Promise<T> {
    for (;;) {
      const { drops } = this;
      const value = await read();
      if (this.pending) await recovering(() => this.recover());
      else if (this.drops === drops) return value;
    }
  }

  /** Drops all answers, as a rollback beside this flow does. */
  drop(): void {
    this.isKnown = false;
    this.drops++;
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

  async flow<T>(_: "exclusive" | "shared", work: () => Promise<T>): Promise<T> {
    this.drop();
    return work();
  }
}

export interface Wish extends OnHost {
  readonly value: string;
  readonly level?: string | undefined;
}

const read = (name: string) =>
  fact([{ why: `read ${name}`, argv: ["get", name] }], (answer) => answer.stdout);

const facts = { value: read("value"), level: read("level"), up: read("up") };

const set = (name: string, value: string, risk?: "docker"): Command => ({
  why: `set ${name}`,
  argv: ["set", name, value],
  ...(risk === undefined ? {} : { risk }),
});

const foreign = { property: "value", reason: "it is someone else's" };

/** `value` is set without a risk, and then `level`, which restarts something. */
export const toy: Kind<Wish, typeof facts> = {
  changes: { value: "replace", level: "update" },
  id: ({ host, value }) => `${host}/${value}`,
  check: (raw) =>
    raw["value"] === "bad"
      ? { faults: [{ property: "value", reason: "bad is not good" }] }
      : { inputs: raw as unknown as Wish },
  facts,
  claims: ({ value, level = "" }: Wish & Remembered, seen) => [
    {
      what: "value",
      is: state(seen.value === value, seen.value !== ""),
      // Another value is a successor's.
      ...(seen.value === "foreign"
        ? { notOurs: foreign }
        : seen.value === value
          ? {}
          : { notOurs: "another resource's" as const }),
      make: [set("value", value)],
      remove: [set("value", "")],
    },
    ...(seen.value !== value || seen.level === level
      ? []
      : [
          {
            what: "level",
            is: "changed" as const,
            shown: true,
            make: [set("level", level, "docker")],
            remove: [],
          },
        ]),
    ...(seen.up === "yes"
      ? []
      : [{ what: "it", is: "changed" as const, found: "down", make: [], remove: [] }]),
  ],
  observed: (_, { level }) => ({ level }),
  judge: ({ level }, seen) => ({ warn: level === seen.level ? [] : ["something restarts"] }),
  disruptive: {
    notReady: ({ up }) => (up === "never" ? ["it cannot be asked"] : []),
    running: () => ["box"],
    rollback: (before) => [{ why: `level back to ${before.level || "nothing"}`, argv: ["set"] }],
    unhealthy: () => [],
    differences: () => [],
    remembers: () => undefined,
    lost: () => [],
    traits: { names: [], of: () => ({}) },
  },
};
