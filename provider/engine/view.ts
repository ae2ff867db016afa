/** A kind's view of a host: its questions are asked, its facts are read, its claims follow from them. */
import type { Host } from "../host/host.js";
import { type Claims, due } from "./claim.js";
import { type Command, UnreadableAnswer } from "./command.js";
import { UnexpectedOutput } from "./errors/host.js";
import { cheapQuestionsOf, type Facts, questionsOf, type Seen, seenOf } from "./fact.js";
import type { Kind, OnHost, Remembered } from "./kind.js";

/** The facts that a host shows to a resource, and the claims that follow from them. */
export interface View<F extends Facts> {
  readonly seen: Seen<F>;
  readonly claims: Claims;
}

export type Ask = Pick<Host, "read">;

/** An answer that cannot be read is the host's failure and is told as one. */
export function understood<I extends OnHost, F extends Facts<I>, T>(
  kind: Kind<I, F>,
  inputs: I,
  read: () => T,
): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UnreadableAnswer)) throw error;
    throw new UnexpectedOutput(inputs.host, kind.id(inputs), error.program, error.said);
  }
}

/** Asks for all facts. */
export function look<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  inputs: I & Remembered,
  host: Ask,
): Promise<View<F>> {
  return ask(kind, inputs, host, questionsOf<I>(kind.facts, inputs));
}

export async function ask<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  inputs: I & Remembered,
  host: Ask,
  questions: ReturnType<typeof questionsOf>,
): Promise<View<F>> {
  const answers = await host.read(questions);
  return understood(kind, inputs, () =>
    viewOf(kind, inputs, seenOf<I, F>(kind.facts, inputs, questions, answers)),
  );
}

export function viewOf<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  inputs: I & Remembered,
  seen: Seen<F>,
): View<F> {
  return { seen, claims: kind.claims(inputs, seen) };
}

/** Asks for the facts that show whether something is due, and for the costly ones only if that stops Docker. */
export async function glance<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  inputs: I & Remembered,
  host: Ask,
  dueOf: Due = due,
): Promise<View<F>> {
  const cheap = cheapQuestionsOf<I>(kind.facts, inputs);
  const view = await ask(kind, inputs, host, cheap);
  const isAll = cheap.length === questionsOf<I>(kind.facts, inputs).length;
  return isAll || !dueOf(view.claims).some(isRisky) ? view : look(kind, inputs, host);
}

export function isRisky({ risk }: Command): boolean {
  return risk !== undefined;
}

export function stopsDocker({ risk }: Command): boolean {
  return risk === "docker";
}

/** Those of the claims' commands that a flow is about: what is due, or what an undo removes. */
export type Due = (claims: Claims) => readonly Command[];
