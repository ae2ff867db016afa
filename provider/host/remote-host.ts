import type { Answer, Command } from "../command.js";
import { type Batch, batch } from "./batch.js";
import { failureIn, refusalIn } from "./failure.js";
import type { Host, Transaction } from "./host.js";
import { takeLock } from "./lock.js";
import { Mutex } from "./mutex.js";
import { type Reach, run } from "./reach.js";
import { transact } from "./transaction.js";
import { tellLastUndo, undoPredecessor } from "./undo.js";

interface Asked {
  readonly question: Command;
  readonly answer: (answer: Answer) => void;
  readonly fail: (error: unknown) => void;
}

/** A host behind ssh. */
export class RemoteHost implements Host {
  readonly name: string;
  readonly endpoint: string;
  readonly #reach: Reach;
  readonly #flows = new Mutex();
  readonly #changes = new Mutex();
  /** Answers, given or awaited, by what was asked. */
  #known = new Map<string, Promise<Answer>>();
  #asked: Asked[] = [];
  /** Whether the last look saw a change that waits for its confirmation. */
  #pending = false;

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

  forget(): void {
    this.#known = new Map();
  }

  async recover(): Promise<boolean> {
    if (!this.#pending) return false;
    await this.#changing(() => this.#change([], "finish an earlier change first"));
    this.#pending = false;
    return true;
  }

  async change(commands: readonly Command[]): Promise<void> {
    const risky = commands.find((command) => command.risk !== undefined);
    if (risky !== undefined) throw new Error(`"${risky.why}" can take the host down: it needs a transaction`);
    const [first] = commands;
    if (first === undefined) return;
    await this.#changing(() => this.#change(commands, first.why));
  }

  async transact(transaction: Transaction): Promise<void> {
    const verify = () => {
      this.forget();
      return transaction.verify();
    };
    await this.#changing(() => transact(this.#reach, { ...transaction, verify }));
  }

  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#flows.run(work);
  }

  async #change(commands: readonly Command[], why: string): Promise<void> {
    const before = [...takeLock(why), ...undoPredecessor];
    const work = batch(commands, { stopAtFailure: true, before });
    const report = await run(this.#reach, await this.#reach.shared(), work, why, commands);
    const failure = refusalIn(this.#reach, why, report) ?? failureIn(this.#reach, commands, report);
    if (failure !== undefined) throw failure;
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
    const key = JSON.stringify([question.argv, question.stdin]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const memory = this.#known;
    const made = new Promise<Answer>((answer, fail) => {
      // All that is asked in this turn of the event loop goes to the host at once.
      if (this.#asked.length === 0) setImmediate(() => void this.#flush());
      this.#asked.push({ question, answer, fail });
    });
    memory.set(key, made);
    made.catch(() => memory.delete(key));
    return made;
  }

  async #flush(): Promise<void> {
    const asked = this.#asked.splice(0);
    const questions = asked.map(({ question }) => question);
    const work: Batch = batch(questions, { stopAtFailure: false, before: tellLastUndo });
    try {
      const link = await this.#reach.shared();
      const { answers, told } = await run(this.#reach, link, work, "look at it", questions);
      this.#pending = told.has("pending");
      for (const [index, each] of asked.entries()) {
        each.answer(answers[index] ?? { code: undefined, stdout: "", stderr: "" });
      }
    } catch (error) {
      for (const each of asked) each.fail(error);
    }
  }
}
