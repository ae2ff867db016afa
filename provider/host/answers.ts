import type { Answer, Command } from "../engine/command.js";

interface Known {
  readonly since: number;
  readonly answer: Promise<Answer>;
}

/** What a host has answered, or is about to, by what it was asked. */
export class Answers {
  readonly #known = new Map<string, Known>();
  /** Whether a change waited for its confirmation when this was seen. */
  pending = false;
  /** How often all of it was forgotten. */
  forgotten = 0;
  /** What is older is outdated. */
  #oldest = 0;

  get(question: Command): Promise<Answer> | undefined {
    const known = this.#known.get(keyOf(question));
    return known !== undefined && known.since >= this.#oldest ? known.answer : undefined;
  }

  /** Also where it is outdated. */
  last(question: Command): Promise<Answer> | undefined {
    return this.#known.get(keyOf(question))?.answer;
  }

  /** Keeps it, unless it fails. */
  keep(question: Command, answer: Promise<Answer>): void {
    const key = keyOf(question);
    const known = { since: performance.now(), answer };
    this.#known.set(key, known);
    answer.catch(() => {
      if (this.#known.get(key) === known) this.#known.delete(key);
    });
  }

  /** @param age what is younger, in ms, is not outdated by this */
  outdate(age = 0): void {
    this.#oldest = Math.max(this.#oldest, performance.now() - age);
  }

  forget(): void {
    this.#known.clear();
    this.pending = false;
    this.forgotten++;
  }
}

/** The questions without those that are asked twice. */
export function distinct(questions: readonly Command[]): readonly Command[] {
  return [...new Map(questions.map((question) => [keyOf(question), question])).values()];
}

function keyOf({ argv, stdin }: Command): string {
  return JSON.stringify([argv, stdin]);
}
