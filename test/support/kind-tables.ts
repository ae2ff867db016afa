/** Results of a kind's claims, for tests that hold one state of a host against one table. */
import { drift, due, isGone, obstacles, refusals, undo } from "../../provider/engine/claim.js";
import type { Command } from "../../provider/engine/command.js";
import { type Facts, questionsOf, type Seen, seenOf } from "../../provider/engine/fact.js";
import type { Kind, OnHost, Remembered } from "../../provider/engine/kind.js";
import { answers, type When } from "./recorded.js";

/** The facts of a recorded host for a resource of this kind. */
export function seenBy<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  wish: I,
  image: string,
  when: When,
): Seen<F> {
  const questions = questionsOf<I>(kind.facts, wish);
  return seenOf<I, F>(kind.facts, wish, questions, answers(image, when, questions));
}

export interface Tables<I extends OnHost, S> {
  steps(wish: I & Remembered, seen: S): readonly Command[];
  undo(held: I & Remembered, seen: S): readonly Command[];
  drift(held: I & Remembered, seen: S): readonly string[];
  gone(held: I & Remembered, seen: S): boolean;
  /** Reasons alone. */
  refusals(wish: I & Remembered, seen: S): readonly string[];
  obstacles(held: I & Remembered, seen: S): readonly string[];
  warnings(wish: I & Remembered, seen: S, last?: Readonly<Record<string, unknown>>): readonly string[];
}

export function tablesOf<I extends OnHost, F extends Facts<I>>(kind: Kind<I, F>): Tables<I, Seen<F>> {
  const claims = (inputs: I & Remembered, seen: Seen<F>) => kind.claims(inputs, seen);
  const reasons = (faults: readonly { readonly reason: string }[]) => faults.map(({ reason }) => reason);
  return {
    steps: (wish, seen) => due(claims(wish, seen)),
    undo: (held, seen) => undo(claims(held, seen)),
    drift: (held, seen) => drift(claims(held, seen)),
    gone: (held, seen) => isGone(claims(held, seen)),
    refusals: (wish, seen) =>
      reasons([...(kind.judge?.(wish, seen, {}).refuse ?? []), ...refusals(claims(wish, seen))]),
    obstacles: (held, seen) => reasons(obstacles(claims(held, seen))),
    warnings: (wish, seen, last = {}) => kind.judge?.(wish, seen, last).warn ?? [],
  };
}
