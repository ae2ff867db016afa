import { type Answer, type Command, unseen } from "../engine/command.js";
import { Answers, distinct } from "./answers.js";
import { lookForUndo, takeLock } from "./confirm/script.js";
import { transact } from "./confirm/transaction.js";
import { batch, batchOf, type Report, type Section } from "./exec/batch.js";
import { failureIn, refusalIn } from "./exec/failure.js";
import { Mutex } from "./exec/mutex.js";
import { type Reach, run } from "./exec/reach.js";
import type { Host, Transaction } from "./host.js";

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

/** How old an answer may be for flows that can be repeated at no cost: their changes are looked at again. */
const recentMs = 5_000;

/** A host behind ssh. */
export class RemoteHost implements Host {
  readonly name: string;
  readonly endpoint: string;
  readonly #reach: Reach;
  readonly #flows = new Mutex();
  readonly #changes = new Mutex();
  readonly #known = new Answers();
  #asked: Asked[] = [];
  #due: Due[] = [];

  constructor(reach: Reach) {
    this.name = reach.name;
    this.endpoint = reach.endpoint;
    const told = new Set<string>();
    // Every look meets the same note of the host until a change removes it: a person is told once.
    const say = (text: string) => {
      if (!told.has(text)) reach.say(text);
      told.add(text);
    };
    this.#reach = { ...reach, say };
  }

  look(questions: readonly Command[]): Promise<readonly Answer[]> {
    return Promise.all(questions.map((question) => this.#ask(question)));
  }

  recall(questions: readonly Command[]): Promise<readonly Answer[]> {
    return Promise.all(questions.map((question) => this.#known.last(question) ?? this.#ask(question)));
  }

  forget(): void {
    this.#known.forget();
  }

  get forgotten(): number {
    return this.#known.forgotten;
  }

  get pending(): boolean {
    return this.#known.pending;
  }

  async recover(): Promise<void> {
    const nothing = { commands: [], stopAtFailure: true };
    await this.#changing(async () => void (await this.#locked("finish an earlier change first", [nothing])));
  }

  async change(commands: readonly Command[], after: readonly Command[] = []): Promise<void> {
    const risky = commands.find((command) => command.risk !== undefined);
    if (risky !== undefined) throw new Error(`"${risky.why}" can take the host down: it needs a transaction`);
    if (commands.length === 0) return;
    await new Promise<void>((done, fail) => {
      // All that comes until it is their turn goes to the host at once.
      if (this.#due.length === 0) setImmediate(() => void this.#changes.run(() => this.#makeDue()));
      this.#due.push({ commands, after, done, fail });
    });
  }

  async transact(transaction: Transaction): Promise<void> {
    const verify = () => {
      this.forget();
      return transaction.verify();
    };
    await this.#changing(() => transact(this.#reach, { ...transaction, verify }));
  }

  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#flows.run(() => {
      this.forget();
      return work();
    });
  }

  together<T>(work: () => Promise<T>): Promise<T> {
    return this.#flows.together(work, () => this.#known.outdate(recentMs));
  }

  /** Every change that is due, in one exec, and then what is to be known afterwards. */
  async #makeDue(): Promise<void> {
    const due = this.#due.splice(0);
    const after = distinct(due.flatMap((each) => each.after));
    this.#known.outdate();
    try {
      const { answers } = await this.#makeAll(due, after);
      // What was asked meanwhile may be of either side of the change.
      this.#known.outdate();
      const ends: (() => void)[] = [];
      let at = 0;
      for (const { commands, done, fail } of due) {
        const failure = failureIn(this.#reach, commands, answers.slice(at, at + commands.length));
        ends.push(failure === undefined ? done : () => fail(failure));
        at += commands.length;
      }
      for (const [index, question] of after.entries()) {
        this.#known.keep(question, Promise.resolve(answers[at + index] ?? unseen));
      }
      for (const end of ends) end();
    } catch (error) {
      this.forget();
      for (const { fail } of due) fail(error);
    }
  }

  #makeAll(due: readonly Due[], after: readonly Command[]): Promise<Report> {
    const first = due[0]?.commands[0]?.why ?? "change it";
    const why = due.length < 2 ? first : `${first}, and make ${due.length - 1} more changes`;
    const changes = due.map(({ commands }) => ({ commands, stopAtFailure: true }));
    return this.#locked(why, [...changes, { commands: after, stopAtFailure: false }]);
  }

  /** One exec under the host's lock, which first ends what a dead one has left. */
  async #locked(why: string, sections: readonly Section[]): Promise<Report> {
    const work = batchOf(sections, { before: takeLock(why) });
    const all = sections.flatMap(({ commands }) => commands);
    const report = await run(this.#reach, await this.#reach.shared(), work, why, all);
    const refusal = refusalIn(this.#reach, why, report);
    if (refusal !== undefined) throw refusal;
    return report;
  }

  /** What was seen before a change holds no longer, and what was asked during it may be of either side. */
  #changing(work: () => Promise<void>): Promise<void> {
    return this.#changes.run(async () => {
      this.forget();
      try {
        await work();
      } finally {
        this.forget();
      }
    });
  }

  #ask(question: Command): Promise<Answer> {
    const known = this.#known.get(question);
    if (known !== undefined) return known;
    const made = new Promise<Answer>((answer, fail) => {
      // All that is asked in this turn of the event loop goes to the host at once.
      if (this.#asked.length === 0) setImmediate(() => void this.#flush());
      this.#asked.push({ question, answer, fail });
    });
    this.#known.keep(question, made);
    return made;
  }

  async #flush(): Promise<void> {
    const asked = this.#asked.splice(0);
    const questions = asked.map(({ question }) => question);
    const work = batch(questions, { stopAtFailure: false, before: lookForUndo });
    try {
      const link = await this.#reach.shared();
      const { answers, told } = await run(this.#reach, link, work, "look at it", questions);
      // The host may take it back between two looks: what the first one saw is of neither state then.
      this.#known.pending ||= told.has("pending");
      for (const [index, each] of asked.entries()) {
        each.answer(answers[index] ?? unseen);
      }
    } catch (error) {
      for (const each of asked) each.fail(error);
    }
  }
}
