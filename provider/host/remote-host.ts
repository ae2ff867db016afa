import { type Answer, type Command, distinct, keyOf, unseen } from "../engine/command.js";
import { Answers } from "./answers.js";
import { lookForUndo, takeLock } from "./confirm/script.js";
import { transact } from "./confirm/transaction.js";
import { batchOf, type Report, type Section } from "./exec/batch.js";
import { failureIn, refusalIn } from "./exec/failure.js";
import { Mutex } from "./exec/mutex.js";
import { asProgram } from "./exec/perl.js";
import { type Reach, run } from "./exec/reach.js";
import type { Age, Host, Transaction } from "./host.js";

interface Asked {
  readonly question: Command;
  readonly answer: (answer: Answer) => void;
  readonly fail: (error: unknown) => void;
}

interface Due {
  readonly commands: readonly Command[];
  readonly after: readonly Command[];
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
}

/** Shared flows accept answers of this age: they read again after their change, and can be repeated at no cost. */
const recentMs = 5_000;

/** A host behind ssh. */
export class RemoteHost implements Host {
  readonly name: string;
  readonly endpoint: string;
  readonly #reach: Reach;
  readonly #flows = new Mutex();
  readonly #changes = new Mutex();
  readonly #known = new Answers();
  /** True while the host is taken to run batch.pl, until it has failed to. */
  #perl = true;
  /** Questions that batch.pl has left open on this host. */
  readonly #open = new Set<string>();
  #along: readonly Command[] = [];
  #asked: Asked[] = [];
  #due: Due[] = [];

  constructor(reach: Reach) {
    this.name = reach.name;
    this.endpoint = reach.endpoint;
    const told = new Set<string>();
    // Every read meets the same note of the host until a change removes it: the person is told once.
    const say = (text: string) => {
      if (!told.has(text)) reach.say(text);
      told.add(text);
    };
    this.#reach = { ...reach, say };
  }

  read(questions: readonly Command[], age: Age = "current"): Promise<readonly Answer[]> {
    return Promise.all(questions.map((question) => this.#known.get(question, age) ?? this.#ask(question)));
  }

  askAlong(questions: readonly Command[]): void {
    this.#along = questions;
  }

  get pending(): boolean {
    return this.#known.pending;
  }

  async recover(): Promise<void> {
    const nothing = { commands: [], stopAtFailure: true };
    await this.#changing(async () => void (await this.#locked("finish an earlier change first", [nothing])));
  }

  async settled<T>(
    read: () => Promise<T>,
    recovering: (recover: () => Promise<void>) => Promise<void>,
  ): Promise<T> {
    for (;;) {
      const { drops } = this.#known;
      const value = await read();
      if (this.pending) await recovering(() => this.recover());
      else if (this.#known.drops === drops) return value;
    }
  }

  async change(commands: readonly Command[], after: readonly Command[] = []): Promise<void> {
    const risky = commands.find((command) => command.risk !== undefined);
    if (risky !== undefined) throw new Error(`"${risky.why}" can take the host down: it needs a transaction`);
    if (commands.length === 0) return;
    await new Promise<void>((done, fail) => {
      // The changes that come until this one begins go to the host with it.
      if (this.#due.length === 0) setImmediate(() => void this.#changes.exclusive(() => this.#makeDue()));
      this.#due.push({ commands, after, done, fail });
    });
  }

  async transact(transaction: Transaction): Promise<void> {
    const verify = () => {
      this.#known.drop();
      return transaction.verify();
    };
    await this.#changing(() => transact(this.#reach, { ...transaction, verify }));
  }

  flow<T>(mode: "exclusive" | "shared", work: () => Promise<T>): Promise<T> {
    if (mode === "shared") return this.#flows.shared(work, () => this.#known.keepYounger(recentMs));
    return this.#flows.exclusive(() => {
      this.#known.drop();
      return work();
    });
  }

  /** Every waiting change in one exec, and then the questions about their result. */
  async #makeDue(): Promise<void> {
    const due = this.#due.splice(0);
    const after = distinct([...due.flatMap((each) => each.after), ...this.#along]).filter(
      (question) => question.lasting !== true || this.#known.get(question, "current") === undefined,
    );
    this.#known.outdate();
    try {
      const { answers } = await this.#makeAll(due, after);
      // An answer from meanwhile may be of either side of the change.
      this.#known.outdate();
      const ends: (() => void)[] = [];
      let at = 0;
      for (const { commands, done, fail } of due) {
        const failure = failureIn(this.#reach, commands, answers.slice(at, at + commands.length));
        ends.push(failure === undefined ? done : () => fail(failure));
        at += commands.length;
      }
      for (const [index, question] of after.entries()) {
        const answer = answers[at + index];
        if (!this.#isOpen(question, answer)) this.#known.keep(question, Promise.resolve(answer ?? unseen));
      }
      for (const end of ends) end();
    } catch (error) {
      this.#known.drop();
      for (const { fail } of due) fail(error);
    }
  }

  #makeAll(due: readonly Due[], after: readonly Command[]): Promise<Report> {
    const first = due[0]?.commands[0]?.why ?? "change it";
    const why = due.length < 2 ? first : `${first}, and make ${due.length - 1} more changes`;
    const changes = due.map(({ commands }) => ({ commands, stopAtFailure: true }));
    return this.#locked(why, [...changes, { commands: this.#askable(after), stopAtFailure: false }]);
  }

  /** One exec under the host's lock, which first rolls back what a dead process left unconfirmed. */
  async #locked(why: string, sections: readonly Section[]): Promise<Report> {
    const report = await this.#run(sections, takeLock(why), why);
    const refusal = refusalIn(this.#reach, why, report);
    if (refusal !== undefined) throw refusal;
    return report;
  }

  /** Answers from before a change are outdated, and those from during it may be of either side. */
  #changing(work: () => Promise<void>): Promise<void> {
    return this.#changes.exclusive(async () => {
      this.#known.drop();
      try {
        await work();
      } finally {
        this.#known.drop();
      }
    });
  }

  #ask(question: Command): Promise<Answer> {
    const made = new Promise<Answer>((answer, fail) => {
      // The questions of one turn of the event loop go to the host as one exec.
      if (this.#asked.length === 0) setImmediate(() => void this.#flush());
      this.#asked.push({ question, answer, fail });
    });
    this.#known.keep(question, made);
    return made;
  }

  async #flush(): Promise<void> {
    const asked = this.#asked.splice(0);
    try {
      const answers = await this.#look(asked.map(({ question }) => question));
      const open = asked.filter(({ question }, index) => this.#isOpen(question, answers[index]));
      const later = await this.#look(open.map(({ question }) => question));
      for (const [index, each] of asked.entries()) {
        const at = open.indexOf(each);
        each.answer((at < 0 ? answers[index] : later[at]) ?? unseen);
      }
    } catch (error) {
      for (const each of asked) each.fail(error);
    }
  }

  async #look(questions: readonly Command[]): Promise<readonly Answer[]> {
    if (questions.length === 0) return [];
    const section = { commands: this.#askable(questions), stopAtFailure: false };
    const { answers, told } = await this.#run([section], lookForUndo, "look at it");
    // The host may roll it back between two reads: the first answer is then of neither state.
    this.#known.pending ||= told.has("pending");
    return answers;
  }

  /** One exec; a second one, with a program for each command, on a host that does not run batch.pl. */
  async #run(sections: readonly Section[], before: readonly string[], why: string): Promise<Report> {
    const perl = this.#perl;
    const work = batchOf(sections, { before, perl });
    const all = sections.flatMap(({ commands }) => commands);
    const report = await run(this.#reach, await this.#reach.shared(), work, why, all);
    if (!perl || !report.told.has("no-perl")) return report;
    this.#perl = false;
    return this.#run(sections, before, why);
  }

  #askable(questions: readonly Command[]): readonly Command[] {
    return questions.map((question) => (this.#open.has(keyOf(question)) ? asProgram(question) : question));
  }

  /** True if batch.pl has left the question open: from now on its own program is asked on this host. */
  #isOpen(question: Command, answer: Answer | undefined): boolean {
    const key = keyOf(question);
    if (!this.#perl || question.quick === undefined || answer?.code !== undefined || this.#open.has(key))
      return false;
    this.#open.add(key);
    return true;
  }
}
