/** The test that a person can act on a message. */
import assert from "node:assert/strict";

/** The outcome on the host, in any of its wordings. */
const outcome =
  /[Nn]othing was (changed|done)|Undone: (yes|no|unknown)|Done before it: |is not known|was not restarted|What was changed until then/;
/** The next step for the person. */
const advice =
  /[Rr]un `|[Mm]end |[Ww]rite |Check |Wait |[Rr]emove |[Mm]ake |Set |Add |Give |Compare |Log in |Only if |Try `|allowed|install|use the|raise |name |leave |boot |sshd may/;

export function readable(message: string, host: string, parts: readonly (string | RegExp)[]): void {
  assert.ok(message.startsWith(host), `which host? ${message}`);
  for (const part of parts)
    assert.ok(typeof part === "string" ? message.includes(part) : part.test(message), `${part}: ${message}`);
  assert.match(message, outcome, `what was changed? ${message}`);
  assert.match(message, advice, `what now? ${message}`);
  assert.doesNotMatch(message, /undefined|\[object|NaN|(?<!\/dev\/)null|\{\}|\.\.$|; \.|: \.| {2}/, message);
}

/** The error that a piece of work throws. */
export function thrown(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("nothing was thrown");
}
