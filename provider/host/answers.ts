import type { Answer, Command } from "../command.js";

interface Known {
  readonly since: number;
  readonly answer: Promise<Answer>;
}

/** What a host has answered, or is about to, by what it was asked. */
export class Answers {
  readonly #known = new Map<string, Known>();
  /** The last answers, known or outdated. */
  readonly #last = new Map<string, Known>();

  get(question: Command): Promise<Answer> | undefined {
    return this.#known.get(keyOf(question))?.answer;
  }

  /** Also where it is outdated. */
  last(question: Command): Promise<Answer> | undefined {
    return this.#last.get(keyOf(question))?.answer;
  }

  /** Keeps it, unless it fails. */
  keep(question: Command, answer: Promise<Answer>): void {
    const key = keyOf(question);
    const known = { since: performance.now(), answer };
    for (const map of [this.#known, this.#last]) {
      map.set(key, known);
      answer.catch(() => {
        if (map.get(key) === known) map.delete(key);
      });
    }
  }

  /** @param age what is younger, in ms, is kept as known */
  outdate(age = 0): void {
    const oldest = performance.now() - age;
    for (const [key, { since }] of this.#known) if (age === 0 || since < oldest) this.#known.delete(key);
  }

  forget(): void {
    this.#known.clear();
    this.#last.clear();
  }
}

/** The questions without those that are asked twice. */
export function distinct(questions: readonly Command[]): readonly Command[] {
  return [...new Map(questions.map((question) => [keyOf(question), question])).values()];
}

function keyOf({ argv, stdin }: Command): string {
  return JSON.stringify([argv, stdin]);
}
