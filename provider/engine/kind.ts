import type { Answer, Command } from "./command.js";
import type { Fault } from "./errors/fault.js";

/** What every resource has: the host's name, and `user@host:port` (no secret). */
export interface OnHost {
  readonly host: string;
  readonly endpoint: string;
}

/**
 * One kind of thing on a host: the contract that each file of resources/ fills. Nothing in it awaits, knows
 * Pulumi or reaches a host, so it is tested with tables; converge.ts drives it.
 */
export interface Kind<Inputs extends OnHost, Seen> {
  /** What a new value of each input means. A new input does not compile until it is classed here. */
  readonly changes: Readonly<Record<Exclude<keyof Inputs, keyof OnHost>, "update" | "replace">>;
  /** Host, kind, subject and peer in words, never a counter: "alpha/to/beta". */
  id(inputs: Inputs): string;
  /** The inputs in normal form, or every fault at once, each on its property. Pure: no host is asked. */
  check(raw: Readonly<Record<string, unknown>>): Checked<Inputs>;
  /** Read-only questions, the same for every resource of a kind, and the reader of their answers. */
  readonly look: Look<Inputs, Seen>;
  /** Why this host must not get this: what only the host can know. [] where nothing speaks against it. */
  objections(desired: Inputs, seen: Seen): readonly Fault[];
  /** What is missing on the host. [] means: the host already is so. */
  steps(desired: Inputs & Remembered, seen: Seen): readonly Command[];
  /** Removes only what this resource made and still holds; [] where a successor took it over. */
  undo(held: Inputs & Remembered, seen: Seen): readonly Command[];
  /** What `undo` cannot bring back, in words, where the records of it are lost. */
  lost?(held: Inputs & Remembered, seen: Seen): readonly string[];
  /** Back to what was seen before this change: given to the host before a risky step. */
  restore(before: Seen): readonly Command[];
  /** It does nothing any more, and is gone where `undo` finds nothing to do either. A bridge never is: it is a setting. */
  gone(held: Inputs, seen: Seen): boolean;
  /** Observed values of update-class inputs, so that the next preview prints `old => new`. */
  observed(held: Inputs, seen: Seen): Partial<Inputs>;
  /** Drift that is the value of no input, in words: "raw PREROUTING jump: absent". [] where there is none. */
  drift(held: Inputs, seen: Seen): readonly string[];
  /** What must be mended on the host before anything can be changed there, in words: "Docker does not answer". */
  unready?(seen: Seen): readonly string[];
  /** What this change will disrupt, in words, for the preview: "Docker restarts, 2 containers stop: a, b". */
  notices?(desired: Inputs, seen: Seen, last: Readonly<Record<string, unknown>>): readonly string[];
  /**
   * What nobody wishes and the host decides, kept in the state under these names: another value than at the last
   * `up` is a change, and `notices` gets the last ones to say what it means. undefined is not known just now.
   */
  readonly facts?: {
    readonly names: readonly string[];
    of(seen: Seen): Readonly<Record<string, string | undefined>>;
  };
  /** What a first change found and destroy needs, kept on the host and as the output `before`. */
  before?(seen: Seen): unknown;
  /** The same while that change is made: it is written down as it was seen before its first step, whatever is seen later. */
  found?(seen: Seen): unknown;
  /**
   * The id of the resource of the same host whose `undo` takes this one along: it may be left to it where the
   * host cannot be reached, because the engine would keep all that it depends on, on other hosts too.
   */
  takenAlongBy?(held: Inputs): string;
  /** What may be on the host and in no state, because its maker was killed: where the host is left, it goes with this. */
  unrecorded?(held: Inputs, seen: Seen): readonly Unrecorded[];
  /** Whether a change due here restarts Docker under running containers: such hosts take turns. */
  disrupts?(desired: Inputs, seen: Seen): boolean;
  /** What does not run yet that ran before such a change, in words; the next host waits until this is []. */
  well?(before: Seen, now: Seen): readonly string[];
}

/** A resource of whichever kind, for who can do something with any. */
export type Unrecorded = <T>(use: <I extends OnHost, S>(kind: Kind<I, S>, held: I) => T) => T;

/** The state's own copy of what was before. */
export interface Remembered {
  readonly before?: unknown;
}

export interface Look<Inputs, Seen> {
  readonly questions: readonly Command[];
  /** Those of them that cost the host something and are asked only where something is due. */
  readonly later?: readonly Command[];
  read(inputs: Inputs, answers: readonly Answer[]): Seen;
}

export type Checked<Inputs> = { readonly inputs: Inputs } | { readonly faults: readonly Fault[] };
