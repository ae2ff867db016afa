import type { Answer, Command } from "../engine/command.js";

/**
 * The age that an answer may have.
 *
 * An answer is `current` from the moment it was asked until something may have changed it: a change on this host
 * through dockroute, or the beginning of the next flow. `last` also accepts an answer that only a route or a rule
 * of ours has outdated, for callers that ask about the rest of the host. `now` accepts none, and asks the host.
 * After a restart of Docker, a rollback or a lost connection no older answer is left.
 */
export type Age = "current" | "last" | "now";

/**
 * A host as the rest of dockroute knows it: it can be read, and it can be changed. One connection stands behind it
 * for the life of the process; questions of the same moment go over it as one exec.
 */
export interface Host {
  readonly name: string;
  /** `user@address:port`, no secret. */
  readonly endpoint: string;
  /**
   * Asks read-only questions. The failure of a question on the host is an answer too, with its `code`; only a host
   * that cannot be asked throws.
   */
  read(questions: readonly Command[], age?: Age): Promise<readonly Answer[]>;
  /** Questions that are asked in the same exec as each later change: the next resources of this host will ask them. */
  askAlong(questions: readonly Command[]): void;
  /** True if an answer showed a change of another process that is not confirmed: the host may roll it back. */
  readonly pending: boolean;
  /** Waits for the process that makes such a change, or rolls it back if that process is dead. */
  recover(): Promise<void>;
  /**
   * Repeats a read until no change was pending and no answer was dropped meanwhile. `recovering` runs the recovery,
   * which may restart Docker, at its time.
   */
  settled<T>(read: () => Promise<T>, recovering: (recover: () => Promise<void>) => Promise<void>): Promise<T>;
  /**
   * Runs commands in order under a lock on the host, which all processes respect. Stops at the first that fails and
   * throws CommandFailed. Changes of the same moment go over as one exec; a failure in one does not stop the others.
   *
   * @param after asked in the same exec, after all changes: their answers are current then
   */
  change(commands: readonly Command[], after?: readonly Command[]): Promise<void>;
  /** The same for commands with a risk: see Transaction. */
  transact(transaction: Transaction): Promise<void>;
  /**
   * Runs one flow (read, change, read) of this process. An exclusive flow has the host for itself and begins without
   * answers, because those of the preview may be minutes old. Shared flows run together: they share their reads and
   * changes, and begin with the answers of the last 5 s. A flow that rewrites another program's file is exclusive.
   */
  flow<T>(mode: "exclusive" | "shared", work: () => Promise<T>): Promise<T>;
}

/**
 * A change that can stop Docker or cut the link. Before it begins, the host gets `undo` and a timer; after `verify`
 * has passed, the change is confirmed over a NEW connection, which stops the timer. Whatever happens in between (a
 * lost link, a dead client, a power cut), the host rolls it back alone.
 */
export interface Transaction {
  /** The purpose of the change, in words: "give docker0 the address 172.30.1.1/24". */
  readonly why: string;
  readonly commands: readonly Command[];
  readonly undo: readonly Command[];
  /** Reads the host and throws where it is not as wanted: then the change is rolled back at once. */
  verify(): Promise<void>;
  /**
   * Reads the host again after the undo, and tells in words how it differs from before the change. Without it the host's
   * own word is told.
   */
  differences?(): Promise<readonly string[]>;
}
