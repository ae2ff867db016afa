import type { Answer, Command } from "../engine/command.js";

/**
 * A host as the rest of dockroute knows it: something to ask, and something to change.
 *
 * One connection stands behind it for the whole life of the process. Questions that are asked side by side
 * go over it as one exec, and an answer is remembered until a change is made on this host.
 */
export interface Host {
  readonly name: string;
  /** `user@address:port`, no secret. */
  readonly endpoint: string;
  /**
   * Asks read-only questions. A question that fails on the host is an answer too (its `code` says so);
   * only a host that cannot be asked throws: Unreachable or LinkLost.
   */
  look(questions: readonly Command[]): Promise<readonly Answer[]>;
  /**
   * What was seen last, also before dockroute changed a route or a rule of its own since: for what asks only about
   * the rest of the host. Asks where nothing was seen, or something greater happened since.
   */
  recall(questions: readonly Command[]): Promise<readonly Answer[]>;
  /** Whether a look saw a change that nobody has confirmed, by another process: what was seen may not stay so. */
  readonly pending: boolean;
  /** Waits for the process that makes such a change, or takes it back if that one is dead. */
  recover(): Promise<void>;
  /** Forgets the remembered answers: the next look asks the host again. */
  forget(): void;
  /** How often that was done: what was seen before the last time is nothing to build on. */
  readonly forgotten: number;
  /**
   * Runs commands in order, one change at a time on this host, also among several processes: they run under
   * a lock on the host. Stops at the first that fails and throws CommandFailed. Changes that are asked for side
   * by side go over as one exec; a failure in one leaves the others alone.
   *
   * @param after asked in the same exec, after all of them: the next look knows the answers
   */
  change(commands: readonly Command[], after?: readonly Command[]): Promise<void>;
  /** The same for commands with a risk: see Transaction. */
  transact(transaction: Transaction): Promise<void>;
  /**
   * One change flow (look, steps, run, look) at a time on this host within this process. It looks anew: what
   * the preview saw may be minutes old by then.
   */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /**
   * The same, side by side with other flows that wait for this: they share their looks and their changes, and
   * what was seen some seconds ago is good enough for them. Not for what rewrites a file of somebody else's.
   */
  together<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * A change that can stop Docker or cut the link. Before it begins, the host itself is given `undo` and a
 * timer; after `verify` has passed, the change is confirmed over a NEW connection, which stops the timer.
 * Whatever happens in between (a lost link, a dead client, a power cut), the host undoes it alone.
 */
export interface Transaction {
  /** What the change is for, in words: "give docker0 the address 172.30.1.1/24". */
  readonly why: string;
  readonly commands: readonly Command[];
  readonly undo: readonly Command[];
  /** Looks at the host and throws where it is not as wanted: then it is undone at once. */
  verify(): Promise<void>;
  /**
   * Reads the host again after the undo, and tells in words how it differs from before the change. Without it the host's
   * own word is told.
   */
  differences?(): Promise<readonly string[]>;
}
