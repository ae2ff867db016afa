/** A fact about a host: the commands that ask for it and the reader of their answers are one value. */
import { type Answer, type Command, distinct, keyOf, readOnce, unseen } from "./command.js";

/** @typeParam I the inputs that its questions depend on; unknown if every resource asks the same */
export interface Fact<T, I = unknown> {
  readonly ask: (inputs: I) => readonly Command[];
  /** Every resource of every kind asks the same questions, so they can be asked before any resource is known. */
  readonly common: boolean;
  /** The host pays for it, so the engine asks it only when a change is due that stops Docker. No claim may depend on it. */
  readonly costly: boolean;
  readonly read: (answers: readonly Answer[], inputs: I) => T;
}

export interface Costly<T> extends Fact<T> {
  readonly costly: true;
}

/** The facts of a kind, by the names under which the kind reads them. */
export type Facts<I = never> = Readonly<Record<string, Fact<unknown, I>>>;

/** The facts that a host shows: the value of each, by its name. */
export type Seen<F extends Facts> = {
  readonly [K in keyof F]: F[K] extends Fact<infer T, never> ? T : never;
};

/** The facts that decide whether a change is due. */
export type Cheap<F extends Facts> = {
  readonly [K in keyof F as F[K] extends Costly<unknown> ? never : K]: F[K];
};

type AnswersTo<Q extends readonly Command[]> = { readonly [K in keyof Q]: Answer };

/** The reader gets one answer for each command, in the same order; the compiler counts them. */
export function fact<const Q extends readonly Command[], T>(
  ask: Q,
  read: (...answers: AnswersTo<Q>) => T,
): Fact<T> & { readonly costly: false } {
  return { ask: () => ask, common: true, costly: false, read: counted(ask.length, read) };
}

/** The same for one question, which the reader's errors name. */
export function factOf<T extends object>(
  question: Command,
  read: (answer: Answer, question: Command) => T,
): Fact<T> & { readonly costly: false } {
  return fact(
    [question],
    readOnce((answer) => read(answer, question)),
  );
}

export function costly<const Q extends readonly Command[], T>(
  ask: Q,
  read: (...answers: AnswersTo<Q>) => T,
): Costly<T> {
  return { ask: () => ask, common: true, costly: true, read: counted(ask.length, read) };
}

/** A fact that each resource asks for by its own inputs, with as many commands as it takes: the way to its gateway. */
export function factFor<I, T>(
  ask: (inputs: I) => readonly Command[],
  read: (answers: readonly Answer[], inputs: I) => T,
): Fact<T, I> & { readonly costly: false } {
  return { ask, common: false, costly: false, read };
}

function counted<A extends readonly Answer[], T>(count: number, read: (...answers: A) => T) {
  const isComplete = (answers: readonly Answer[]): answers is A => answers.length === count;
  return (answers: readonly Answer[]): T => {
    if (!isComplete(answers)) throw new Error(`${count} answers are needed, not ${answers.length}`);
    return read(...answers);
  };
}

/** The commands that ask for these facts, each once. */
export function questionsOf<I>(
  facts: Facts<I>,
  inputs: I,
  which: (fact: Fact<unknown, I>) => boolean = () => true,
): readonly Command[] {
  return distinct(
    Object.values(facts)
      .filter(which)
      .flatMap(({ ask }) => ask(inputs)),
  );
}

/** The commands that show whether a change is due. */
export function cheapQuestionsOf<I>(facts: Facts<I>, inputs: I): readonly Command[] {
  return questionsOf(facts, inputs, (each) => !each.costly);
}

/** Those of them that can be asked before any resource is known. */
export function commonQuestionsOf(facts: Facts): readonly Command[] {
  const common = Object.values(facts).filter((each): each is Fact<unknown> => each.common && !each.costly);
  return distinct(common.flatMap(({ ask }) => ask(undefined)));
}

/**
 * Reads the facts from the answers. A fact whose question was not asked is read from `unseen` answers.
 *
 * @param answers one for each question, in the same order
 */
export function seenOf<I, F extends Facts<I>>(
  facts: F,
  inputs: I,
  questions: readonly Command[],
  answers: readonly Answer[],
): Seen<F> {
  const byKey = new Map(questions.map((question, at) => [keyOf(question), answers[at]]));
  const values = Object.entries(facts).map(([name, { ask, read }]) => [
    name,
    read(
      ask(inputs).map((question) => byKey.get(keyOf(question)) ?? unseen),
      inputs,
    ),
  ]);
  return Object.fromEntries(values) as Seen<F>;
}
