import { type Command, quote } from "../../engine/command.js";
import { ConnectionLost, UnexpectedOutput, Unreachable } from "../../engine/errors/host.js";
import { printable } from "../../engine/printable.js";
import { type Link, NoChannel } from "../login/link.js";
import { type Batch, type Report, shell } from "./batch.js";
import { type Ended, type Limits, type Running, tooLong } from "./running.js";

/** The things that all flows on one host share: its names, its logins, its limits, and the person's console. */
export interface Reach {
  readonly name: string;
  readonly endpoint: string;
  readonly limits: Limits;
  /** The process's login at this host. */
  shared(): Promise<Link>;
  /** A new login, which the caller closes. */
  fresh(): Promise<Link>;
  /** One line for the person at the console. */
  say(text: string): void;
}

/** Begins a batch and leaves its input open. Without a channel the host has run nothing. */
export async function begin(reach: Reach, link: Link, work: Batch): Promise<Running> {
  try {
    return await link.start(shell, work.script, reach.limits);
  } catch (error) {
    if (!(error instanceof NoChannel)) throw error;
    throw new Unreachable(
      reach.name,
      reach.endpoint,
      `it opened no session (${error.message})`,
      "Check that its sshd lets this user run commands and that MaxSessions is 2 or more.",
    );
  }
}

/** Runs a batch to its end. */
export async function run(
  reach: Reach,
  link: Link,
  work: Batch,
  why: string,
  commands: readonly Command[] = [],
): Promise<Report> {
  const running = await begin(reach, link, work);
  running.finish();
  void sayWaiting(reach, running, work);
  return reportOf(reach, work, await running.ended, why, commands);
}

/** The report of a batch, or an error that names the step whose outcome is unknown. */
export function reportOf(
  reach: Reach,
  work: Batch,
  ended: Ended,
  why: string,
  commands: readonly Command[],
): Report {
  const report = work.read(ended.stdout, ended.stderr);
  sayTold(reach, report);
  if (report.complete) return report;
  if (
    !report.begun &&
    (ended.lost === undefined ||
      [expired, turnedAway].some((words) => words.test(ended.stderr + ended.stdout)))
  )
    throw noShell(reach, ended);
  if (ended.flooded === true && work.asks) throw flood(reach, report, commands);
  const under = commands[report.answers.length - 1]?.why ?? why;
  const reason = ended.lost ?? `its shell ended with ${ended.code} (${printable(ended.stderr)})`;
  throw new ConnectionLost(reach.name, reach.endpoint, under, reason, work.asks);
}

/** The questions share one limit, so the longest answer is named, which need not be the last. */
function flood(reach: Reach, report: Report, commands: readonly Command[]): UnexpectedOutput {
  const lengths = report.answers.map(({ stdout, stderr }) => stdout.length + stderr.length);
  const longest = commands[lengths.indexOf(Math.max(...lengths))];
  const program = longest === undefined ? "its shell" : quote(longest.argv);
  return new UnexpectedOutput(reach.name, "the host", program, "", tooLong);
}

/** sshd itself ends such a session, without an exit status. */
const expired = /password (has expired|change required)|account has expired/i;
const turnedAway = /not available/i;

/** The login succeeded and gave no root shell: sudo refused, or the login shell did. */
function noShell(reach: Reach, ended: Ended): Unreachable {
  const said = printable(`${ended.stderr}\n${ended.stdout}`);
  const reason = `the login gives no root shell (exit ${ended.code ?? "unknown"}: ${said || "nothing was said"})`;
  const user = reach.endpoint.split("@")[0];
  if (expired.test(said)) {
    const renew = `Give ${user} a new password on the host (\`chage -l ${user}\` there tells more), or log in as another user.`;
    return new Unreachable(reach.name, reach.endpoint, reason, renew);
  }
  // The last rule that matches counts, and the files there are read in the order of their names.
  const tty = /must have a tty/i.test(said) ? ` and "Defaults:${user} !requiretty"` : "";
  const advice = /sudo|password|tty/i.test(said)
    ? `Log in as root, or let ${user} use sudo without a password: "${user} ALL=(root) NOPASSWD: /bin/sh"${tty} in /etc/sudoers.d/zz-dockroute.`
    : `Give ${user} a login shell, or log in as another user.`;
  return new Unreachable(reach.name, reach.endpoint, reason, advice);
}

/** Tells the person, while the lock is held by another run, whose run that is. */
export async function sayWaiting(reach: Reach, running: Running, work: Batch): Promise<void> {
  if (!(await running.until(`${work.tellMark} waiting `))) return;
  const { stdout, stderr } = running.soFar();
  const [whom] = work.read(stdout, stderr).told.get("waiting") ?? [];
  if (whom !== undefined) reach.say(`${reach.name}: waiting for ${whom || "dockroute's own unit on it"}`);
}

function sayTold(reach: Reach, report: Report): void {
  for (const line of report.told.get("undone-before") ?? []) {
    reach.say(`${reach.name}: an earlier change was taken back by the host itself: ${line}`);
  }
}
