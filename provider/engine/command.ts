/**
 * A command is a value: the program to run on a host, and the reason. Nothing here runs it.
 *
 * `why` is a phrase that finishes "was about to ...", because the plan, the log and every error print it:
 * "put the route to 172.30.2.0/24 in the kernel".
 */
export interface Command {
  readonly why: string;
  readonly argv: readonly string[];
  /** Text for the program's standard input. Without it the input is empty. */
  readonly stdin?: string;
  /** Asked on the host where this one fails: its output becomes part of the error. */
  readonly onFailure?: readonly string[];
  /**
   * The same in the words of host/exec/batch.pl, which needs no program for it: a verb and its words. Its output is read
   * as that of `argv`, which is run where batch.pl cannot be.
   */
  readonly quick?: readonly string[];
  /**
   * Only a restart of Docker, or somebody else, changes the answer: no route, rule or file of ours does. So it is not asked
   * again after one.
   */
  readonly lasting?: true;
  /** It changes nothing: run before the transaction begins, so that a failure leaves nothing to be undone. */
  readonly probe?: true;
  /** The part of the host that this command can take down. One with a risk is run only inside the host transaction. */
  readonly risk?: "docker" | "link";
}

/** Two commands are one question if they run the same program with the same input. */
export function keyOf({ argv, stdin }: Pick<Command, "argv" | "stdin">): string {
  return JSON.stringify([argv, stdin]);
}

/** The questions, each once. */
export function distinct(questions: readonly Command[]): readonly Command[] {
  return [...new Map(questions.map((each) => [keyOf(each), each])).values()];
}

/**
 * One line of a script on the host. The shell runs it only if `unless` fails and `when` succeeds.
 * With `mayFail` its own failure does not end the script.
 */
export interface Line {
  readonly argv: readonly string[];
  readonly stdin?: string;
  readonly unless?: readonly string[];
  readonly when?: readonly string[];
  readonly mayFail?: true;
}

/**
 * Lines of a script that its own shell reads: they decide by what they find on the host, without a program for each
 * question. They rely on `set -e`.
 */
export interface ShellText {
  readonly shell: string;
}

/** A host's answer to one command. `code` is undefined where the command's end was never seen. */
export interface Answer {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** The stand-in for the answer to a question that was not asked, or whose answer was not seen. */
export const unseen: Answer = { code: undefined, stdout: "", stderr: "" };

/** A program's answer in no form that it prints when it is well: of another program, a broken one, or a hostile one. */
export class UnreadableAnswer extends Error {
  /**
   * @param program as a person would run it: "ip -j -4 addr show"
   * @param said the piece that cannot be used
   */
  constructor(
    readonly program: string,
    readonly said: string,
  ) {
    super(`\`${program}\` said what cannot be used`);
  }
}

/** The same reading, made once an answer: the resources of a host share its answers, and there are many of them. */
export function readOnce<T extends object>(read: (answer: Answer) => T): (answer: Answer) => T {
  const known = new WeakMap<Answer, T>();
  return (answer) => {
    const found = known.get(answer) ?? read(answer);
    known.set(answer, found);
    return found;
  };
}

const plain = /^[A-Za-z0-9_@%+=:,./-]+$/;

/**
 * One argv as one line of POSIX shell. The only place that quotes: the ssh edge and the scripts under
 * /etc/dockroute both use it. A NUL cannot be written in shell at all and is refused.
 */
export function quote(argv: readonly string[]): string {
  return argv.map((word, index) => quoteWord(word, index === 0 && !program.test(word))).join(" ");
}

/** In the first place `a=b` would be an assignment and `if` a keyword, unless it is quoted. */
const program =
  /^(?!(if|then|else|elif|fi|do|done|case|esac|while|until|for|in|function|select|time|coproc)$)[^=]*$/;

function quoteWord(word: string, always: boolean): string {
  if (word.includes("\0")) throw new Error("a NUL byte cannot be part of a command");
  return plain.test(word) && !always ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
