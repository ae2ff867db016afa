/** The contract of every resource, which each folder of resources/ fills. */
import type { Claims } from "./claim.js";
import type { Answer, Command } from "./command.js";
import type { Fault } from "./errors/fault.js";
import { type Cheap, commonQuestionsOf, type Facts, type Seen, seenOf } from "./fact.js";

/** The inputs of every resource: the host's name, and `user@host:port`, which holds no secret. */
export interface OnHost {
  readonly host: string;
  readonly endpoint: string;
}

/** The values that the state and the program know besides the inputs. */
export interface Remembered {
  /** The state's own copy of what the first change found on the host. */
  readonly before?: unknown;
  /** The stack that the resource belongs to, "project/stack". undefined if the caller does not know it. */
  readonly stack?: string | undefined;
  /** The same at the last `up`: a stack can be renamed. */
  readonly lastStack?: string | undefined;
}

/**
 * A kind of resource. Nothing in it awaits, names Pulumi or reaches a host, so it is tested with tables;
 * converge.ts drives it.
 */
export interface Kind<I extends OnHost, F extends Facts<I>> {
  /** The meaning of a new value of each input. A new input does not compile until it is classed here. */
  readonly changes: Readonly<Record<Exclude<keyof I, keyof OnHost>, "update" | "replace">>;
  /** Host, subject and peer in words, never a counter: "alpha/to/beta". */
  id(inputs: I): string;
  /** The inputs in normal form, or every fault at once, each on its property. Pure: no host is asked. */
  check(raw: Readonly<Record<string, unknown>>): Checked<I>;
  /** The facts of a host that this kind needs. */
  readonly facts: F;
  /** The claims that the resource makes true, in order. */
  claims(inputs: I & Remembered, seen: Seen<Cheap<F>>): Claims;
  /** Observed values of inputs that can be updated, so that the next preview prints `old => new`. */
  observed(inputs: I, seen: Seen<Cheap<F>>): Partial<I>;
  /** The findings that need the host: reasons to refuse the change, and warnings for a person before it. */
  judge?(inputs: I & Remembered, seen: Seen<F>, last: Readonly<Record<string, unknown>>): Judgement;
  readonly outputs?: Outputs<I, F>;
  readonly disruptive?: Disruptive<I, F>;
  readonly orphans?: Orphans<I, F>;
  readonly imports?: Imports<I>;
}

/** The way to read the inputs back from a host, for an import by the id alone. */
export interface Imports<I extends OnHost> {
  readonly questions: readonly Command[];
  /**
   * The inputs that the resource of this id may have, the likeliest first: an import takes the first that the host has as a whole,
   * else the first of which it has a part. [] where nothing is there.
   */
  candidates(id: string, where: Imported, answers: readonly Answer[]): readonly I[];
}

/** The facts that are known of a resource whose inputs are asked for. */
export interface Imported extends OnHost {
  /** The addresses of the config's hosts, by name. */
  readonly addresses: ReadonlyMap<string, string>;
}

/** @param facts what the inputs are read from; they depend on no input */
export function importsFrom<I extends OnHost, F extends Facts<unknown>>(
  facts: F,
  read: (id: string, where: Imported, seen: Seen<F>) => readonly I[],
): Imports<I> {
  const questions = commonQuestionsOf(facts);
  return {
    questions,
    candidates: (id, where, answers) =>
      read(id, where, seenOf<unknown, F>(facts, undefined, questions, answers)),
  };
}

export type Checked<I> = { readonly inputs: I } | { readonly faults: readonly Fault[] };

export interface Judgement {
  readonly refuse?: readonly Fault[];
  /** The reasons that leave parts of it as they are: the rest is made, and the change ends with these as its error. */
  readonly leave?: readonly Fault[];
  readonly warn?: readonly string[];
}

/** Values of a resource that the host decides. Another value than at the last `up` is a change. */
export interface Outputs<I extends OnHost, F extends Facts<I>> {
  /** The names of those that are no inputs. */
  readonly names: readonly string[];
  /** The names of inputs whose default the host decides: without a value in the program they have the host's. */
  readonly defaults: readonly (keyof I & string)[];
  /** undefined is not known just now. */
  of(inputs: I, seen: Seen<Cheap<F>>): Readonly<Record<string, unknown>>;
}

/** The questions that only a kind has whose change can stop Docker. */
export interface Disruptive<I extends OnHost, F extends Facts<I>> {
  /** The faults to mend on the host before anything can change there: "Docker does not answer". */
  notReady(seen: Seen<F>): readonly string[];
  /** The containers that stop during such a change; [] needs no place in the rollout. */
  running(seen: Seen<F>): readonly string[];
  /** Back to what was seen before this change, not before the first one. The host gets it before a risky command. */
  rollback(before: Seen<F>): readonly Command[];
  /** The things that ran before the change and do not run yet, in words; the next host waits until this is []. */
  unhealthy(before: Seen<F>, now: Seen<F>): readonly string[];
  /** The host's differences from before the change, in words, once the change was rolled back; [] if there are none. */
  differences(before: Seen<F>, now: Seen<F>): readonly string[];
  /** The findings of the first change that destroy needs: kept on the host and as the output `before`. */
  remembers(seen: Seen<F>): unknown;
  /** The things that `undo` cannot bring back because the records of them are lost, in words. */
  lost(held: I & Remembered, seen: Seen<F>): readonly string[];
  /**
   * Facts that are no inputs and that the host decides, kept in the state under these names: "docker". Another
   * value than at the last `up` is a change. undefined is not known just now.
   */
  readonly traits: {
    readonly names: readonly string[];
    of(seen: Seen<F>): Readonly<Record<string, string | undefined>>;
  };
}

/** A resource's relation to others on its host that no state may know. */
export interface Orphans<I extends OnHost, F extends Facts<I>> {
  /**
   * The id of the resource of the same host whose undo also removes this one. If the host cannot be reached during
   * destroy, this delete is left to it; otherwise the engine would keep every dependency, on other hosts too.
   */
  heir?(held: I): string;
  /** Resources that may be on the host and in no state because their maker was killed. A host that leaves loses them too. */
  unrecorded?(held: I, seen: Seen<F>): readonly Unrecorded[];
}

/** A resource of any kind, for a caller that can handle every kind. */
export type Unrecorded = <T>(
  use: <I extends OnHost, F extends Facts<I>>(kind: Kind<I, F>, held: I) => T,
) => T;
