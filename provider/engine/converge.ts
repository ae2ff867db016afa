/**
 * The one flow: look, steps, run, look again, until nothing is due. create and update are the same; delete is
 * the same with `undo`. Here is what awaits, retries and verifies; what is right for a host is decided in
 * resources/.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Host } from "../host/host.js";
import { type Command, UnreadableAnswer, unseen } from "./command.js";
import { NotConverged, Unhealthy } from "./errors/change.js";
import { UnexpectedOutput } from "./errors/host.js";
import { NotReady, Refused } from "./errors/refused.js";
import type { Kind, OnHost, Remembered } from "./kind.js";
import type { Rollout } from "./rollout.js";

/** A step that needs the outcome of another one is a second pass; no kind needs more than two. */
const passes = 4;
/** How long the containers of a restarted Docker may take to be back. */
const wellWithin = 120_000;

type Ask = Pick<Host, "look">;

/** Asks everything. */
async function look<I extends OnHost, S>(kind: Kind<I, S>, inputs: I, host: Ask): Promise<S> {
  const answers = await host.look(kind.look.questions);
  return understood(kind, inputs, () => kind.look.read(inputs, answers));
}

/** An answer that nothing can be made of is the host's failure and is told as one. */
export function understood<I extends OnHost, S, T>(kind: Kind<I, S>, inputs: I, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UnreadableAnswer)) throw error;
    throw new UnexpectedOutput(inputs.host, kind.id(inputs), error.program, error.said);
  }
}

/** Asks what shows whether something is due, and only where it is the rest. */
export async function glance<I extends OnHost, S>(kind: Kind<I, S>, inputs: I, host: Ask): Promise<S> {
  const { questions, read, later = [] } = kind.look;
  if (later.length === 0) return look(kind, inputs, host);
  const now = questions.filter((question) => !later.includes(question));
  const answers = new Map((await host.look(now)).map((answer, at) => [now[at], answer]));
  const given = questions.map((question) => answers.get(question) ?? unseen);
  const [seen, due] = understood(kind, inputs, () => {
    const first = read(inputs, given);
    return [first, kind.steps(inputs, first)];
  });
  return due.length === 0 ? seen : look(kind, inputs, host);
}

/** Makes the host as desired; gives what is seen then. */
export function converge<I extends OnHost, S>(
  kind: Kind<I, S>,
  desired: I & Remembered,
  host: Host,
  rollout: Rollout,
): Promise<S> {
  const flow = async () => {
    const seen = await onceSettled(host, rollout, () => glance(kind, desired, host));
    understood(kind, desired, () => refuse(kind, desired, seen));
    const wanted = { ...desired, before: desired.before ?? kind.found?.(seen) };
    const change = () => run(kind, desired, host, seen, (now) => kind.steps(wanted, now));
    return kind.disrupts?.(desired, seen) === true ? rollout.run(desired.host, change) : change();
  };
  return kind.disrupts === undefined ? host.together(flow) : host.alone(flow);
}

/**
 * Takes from the host what this resource made and still holds. One at a time, because the last one takes what
 * all of them share.
 */
export function remove<I extends OnHost, S>(
  kind: Kind<I, S>,
  held: I & Remembered,
  host: Host,
  rollout: Rollout,
  warn: (text: string) => void,
): Promise<S> {
  return host.alone(async () => {
    const seen = await onceSettled(host, rollout, () => look(kind, held, host));
    for (const text of kind.lost?.(held, seen) ?? []) warn(text);
    const change = () => run(kind, held, host, seen, (now) => kind.undo(held, now));
    const risky = kind.undo(held, seen).some(({ risk }) => risk === "docker");
    return risky ? rollout.run(held.host, change) : change();
  });
}

/**
 * Looks until what is seen can be built on. What a run that was killed has left unconfirmed may be as desired, and be
 * taken back a moment later: it is taken back first, in a turn, because that may restart Docker as the change did.
 */
async function onceSettled<S>(host: Host, rollout: Rollout, see: () => Promise<S>): Promise<S> {
  for (;;) {
    const { forgotten } = host;
    const seen = await see();
    if (host.pending) await rollout.run(host.name, () => host.recover());
    else if (host.forgotten === forgotten) return seen;
  }
}

function refuse<I extends OnHost, S>(kind: Kind<I, S>, desired: I, seen: S): void {
  const unready = kind.unready?.(seen) ?? [];
  if (unready.length > 0) throw new NotReady(desired.host, kind.id(desired), unready);
  const faults = kind.objections(desired, seen);
  if (faults.length > 0) throw new Refused(desired.host, kind.id(desired), faults);
}

async function run<I extends OnHost, S>(
  kind: Kind<I, S>,
  inputs: I,
  host: Host,
  first: S,
  due: (seen: S) => readonly Command[],
): Promise<S> {
  let seen = first;
  const dueNow = (now: S) => understood(kind, inputs, () => due(now));
  for (let pass = 0; pass < passes; pass++) {
    const steps = dueNow(seen);
    if (steps.length === 0) return seen;
    seen = await apply(kind, inputs, host, seen, dueNow);
  }
  const still = dueNow(seen);
  if (still.length === 0) return seen;
  throw new NotConverged(inputs.host, kind.id(inputs), whys(still));
}

/** Steps with a risk are run inside the host transaction, which is confirmed only when the host is well again. */
async function apply<I extends OnHost, S>(
  kind: Kind<I, S>,
  inputs: I,
  host: Host,
  before: S,
  due: (seen: S) => readonly Command[],
): Promise<S> {
  const commands = due(before);
  if (commands.every(({ risk }) => risk === undefined)) {
    await host.change(commands, kind.look.questions);
    return look(kind, inputs, host);
  }
  await host.change(commands.filter(({ probe }) => probe === true));
  let now = before;
  await host.transact({
    why: whys(commands).at(-1) ?? kind.id(inputs),
    commands: commands.filter(({ probe }) => probe !== true),
    undo: kind.restore(before),
    verify: async () => {
      now = await settle(kind, inputs, host, before);
      const still = due(now).filter(({ risk }) => risk !== undefined);
      if (still.length > 0) throw new NotConverged(inputs.host, kind.id(inputs), whys(still));
    },
  });
  return now;
}

/** Waits until what ran before a restart runs again. */
async function settle<I extends OnHost, S>(kind: Kind<I, S>, inputs: I, host: Host, before: S): Promise<S> {
  for (const deadline = performance.now() + wellWithin; ; await sleep(300)) {
    host.forget();
    const seen = await look(kind, inputs, host);
    const away = kind.well?.(before, seen) ?? [];
    if (away.length === 0) return seen;
    if (performance.now() > deadline) throw new Unhealthy(inputs.host, kind.id(inputs), away);
  }
}

/** What commands are for, each once. */
export function whys(commands: readonly Command[]): readonly string[] {
  return [...new Set(commands.map(({ why }) => why))];
}
