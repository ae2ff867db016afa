import { type Answer, type Command, keyOf } from "../engine/command.js";
import type { Age } from "./host.js";

interface Known {
  readonly since: number;
  readonly answer: Promise<Answer>;
}

/** The answers of a host, also those under way, by their questions. host.ts has the rule of their age. */
export class Answers {
  readonly #known = new Map<string, Known>();
  /** True if an answer showed a change that waited for its confirmation. */
  pending = false;
  /** The number of times that all answers were dropped. */
  drops = 0;
  /** Answers from before this moment are not current. */
  #oldest = 0;
  /** The same for answers that no change of ours outdates. */
  #oldestLasting = 0;

  get(question: Command, age: Age): Promise<Answer> | undefined {
    const known = this.#known.get(keyOf(question));
    if (known === undefined || age === "now") return undefined;
    const oldest = question.lasting === true ? this.#oldestLasting : this.#oldest;
    return age === "last" || known.since >= oldest ? known.answer : undefined;
  }

  /** Keeps the answer, unless it fails. */
  keep(question: Command, answer: Promise<Answer>): void {
    const key = keyOf(question);
    const known = { since: performance.now(), answer };
    this.#known.set(key, known);
    answer.catch(() => {
      if (this.#known.get(key) === known) this.#known.delete(key);
    });
  }

  /** After a route, a rule or a file of ours. */
  outdate(): void {
    this.#oldest = performance.now();
  }

  /** Before a flow: somebody else may have changed the host since. */
  keepYounger(ageMs: number): void {
    const oldest = performance.now() - ageMs;
    this.#oldest = Math.max(this.#oldest, oldest);
    this.#oldestLasting = Math.max(this.#oldestLasting, oldest);
  }

  drop(): void {
    this.#known.clear();
    this.pending = false;
    this.drops++;
  }
}
