/**
 * The one flow: read the host, run what is due, read it again, until nothing is due. Create and update are the same;
 * delete is the same with what the claims remove. This file awaits, retries and verifies; view.ts reads; the folders of resources/
 * decide what is right for a host.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Host } from "../host/host.js";
import { type Claims, due, obstacles, parts, refusals, undo } from "./claim.js";
import type { Command } from "./command.js";
import { NotConverged, NotReadAgain, SeveralFailed, Unhealthy } from "./errors/change.js";
import { DockrouteError } from "./errors/error.js";
import type { Fault } from "./errors/fault.js";
import { cannotBeAsked } from "./errors/host.js";
import { NotReady, PartlyRefused, Refused } from "./errors/refused.js";
import { cheapQuestionsOf, type Facts, type Seen } from "./fact.js";
import type { Kind, OnHost, Remembered } from "./kind.js";
import type { Rollout } from "./rollout.js";
import {
  type Ask,
  ask,
  type Due,
  glance,
  isRisky,
  look,
  stopsDocker,
  understood,
  type View,
  viewOf,
} from "./view.js";

/** A command that needs the outcome of another one is due in a second pass; no kind needs more than three. */
const passes = 4;
/** The containers of a restarted Docker have this long to run again. */
const healthyWithin = 120_000;
/** After a rollback they have this long. */
const restoredWithin = 30_000;

/**
 * Makes the host as desired, and returns what it shows then. A resource that may stop Docker has the host for itself only
 * if it is about to: else its change goes with those of others, and begins with the answers that they have.
 */
export async function converge<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  desired: I & Remembered,
  host: Host,
  rollout: Rollout,
): Promise<Seen<F>> {
  try {
    return await host.flow("shared", () => flow(kind, desired, host, rollout, "calm"));
  } catch (error) {
    if (!(error instanceof NotCalm)) throw error;
    const begun = error.before === undefined ? desired : { ...desired, before: error.before };
    return host.flow("exclusive", () => flow(kind, begun, host, rollout, "any"));
  }
}

/** The changes that a flow may make: all but those with a risk, or any. */
type May = "calm" | "any";

/** A change with a risk is due, which needs the host for itself. */
class NotCalm extends Error {
  /** @param before what was there before the first step, if one was made */
  constructor(readonly before?: Remembered["before"]) {
    super("a change with a risk is due");
  }
}

async function flow<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  desired: I & Remembered,
  host: Host,
  rollout: Rollout,
  may: May,
): Promise<Seen<F>> {
  const { disruptive } = kind;
  const cheap = () => ask(kind, desired, host, cheapQuestionsOf<I>(kind.facts, desired));
  const see = may === "calm" && disruptive !== undefined ? cheap : () => glance(kind, desired, host);
  const { seen } = await onceSettled(host, rollout, see);
  // The record of the host before is fixed here: a later read may see half of this change.
  const before = desired.before ?? disruptive?.remembers(seen);
  const wanted = before === undefined ? desired : { ...desired, before };
  const view = understood(kind, desired, () => viewOf(kind, wanted, seen));
  if (may === "calm" && due(view.claims).some(isRisky)) throw new NotCalm();
  const leave = understood(kind, desired, () => refuse(kind, desired, view));
  const change = () => run(kind, wanted, host, view, due, may);
  const stops = due(view.claims).some(stopsDocker) && disruptive?.running(seen).length;
  const now = await (stops ? rollout.run(desired.host, change) : change());
  if (leave.length > 0) throw new PartlyRefused(desired.host, kind.id(desired), leave);
  return now;
}

/**
 * Removes from the host what this resource made and still holds. One resource at a time, because the last one removes
 * what all of them share.
 */
export function remove<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  held: I & Remembered,
  host: Host,
  rollout: Rollout,
  warn: (text: string) => void,
): Promise<Seen<F>> {
  const removal = (claims: Claims) => {
    const faults = obstacles(claims);
    if (faults.length > 0) throw new Refused(held.host, kind.id(held), faults);
    return undo(claims);
  };
  return host.flow("exclusive", async () => {
    const view = await onceSettled(host, rollout, () => look(kind, held, host));
    for (const text of kind.disruptive?.lost(held, view.seen) ?? []) warn(text);
    const change = () => run(kind, held, host, view, removal);
    return removal(view.claims).some(stopsDocker) ? rollout.run(held.host, change) : change();
  });
}

/**
 * Reads until the answers can be built on. A change that a killed run left unconfirmed may look as desired and be
 * rolled back a moment later: it is rolled back first, in the rollout, because that may restart Docker as the change did.
 */
function onceSettled<T>(host: Host, rollout: Rollout, see: () => Promise<T>): Promise<T> {
  return host.settled(see, (recover) => rollout.run(host.name, recover));
}

/** Throws where nothing may be changed; gives what of it stays as it is. */
function refuse<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  desired: I,
  { seen, claims }: View<F>,
): readonly Fault[] {
  const notReady = kind.disruptive?.notReady(seen) ?? [];
  if (notReady.length > 0) throw new NotReady(desired.host, kind.id(desired), notReady);
  const { refuse = [], leave = [] } = kind.judge?.(desired, seen, {}) ?? {};
  const faults = [...refuse, ...refusals(claims)];
  if (faults.length > 0) throw new Refused(desired.host, kind.id(desired), faults);
  return leave;
}

async function run<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  inputs: I & Remembered,
  host: Host,
  first: View<F>,
  dueOf: Due,
  may: May = "any",
): Promise<Seen<F>> {
  let view = first;
  for (let pass = 0; pass < passes; pass++) {
    const commands = dueOf(view.claims);
    if (commands.length === 0) return view.seen;
    if (may === "calm" && commands.some(isRisky)) throw new NotCalm(inputs.before);
    view = await apply(kind, inputs, host, view, dueOf);
  }
  const still = dueOf(view.claims);
  if (still.length === 0) return view.seen;
  throw new NotConverged(inputs.host, kind.id(inputs), whys(still));
}

/** Commands with a risk run inside the host transaction, which is confirmed only when the host is healthy again. */
async function apply<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  inputs: I & Remembered,
  host: Host,
  before: View<F>,
  dueOf: Due,
): Promise<View<F>> {
  const commands = dueOf(before.claims);
  if (!commands.some(isRisky)) {
    await changeEach(host, parts(before.claims).map(dueOf), cheapQuestionsOf<I>(kind.facts, inputs));
    return glance(kind, inputs, host, dueOf).catch((error: unknown) => {
      // The engine has to record the resource, although this read changed nothing.
      throw cannotBeAsked(error) ? new NotReadAgain(inputs.host, kind.id(inputs), error.reason) : error;
    });
  }
  await host.change(commands.filter(({ probe }) => probe === true));
  let now = before;
  await host.transact({
    why: whys(commands).at(-1) ?? kind.id(inputs),
    commands: commands.filter(({ probe }) => probe !== true),
    undo: kind.disruptive?.rollback(before.seen) ?? [],
    differences: () => differencesLeft(kind, inputs, host, before),
    verify: async () => {
      now = await healthyAgain(kind, inputs, host, before);
      const still = dueOf(now.claims).filter(isRisky);
      if (still.length > 0) throw new NotConverged(inputs.host, kind.id(inputs), whys(still));
    },
  });
  return now;
}

/** The parts go to the host in one exec, each with a failure of its own. */
async function changeEach(host: Host, all: readonly (readonly Command[])[], after: readonly Command[]) {
  const ends = await Promise.allSettled(all.map((commands) => host.change(commands, after)));
  const reasons = ends.flatMap((end): unknown[] => (end.status === "rejected" ? [end.reason] : []));
  const failed = [...new Set(reasons)];
  const known = failed.filter((each) => each instanceof DockrouteError);
  if (known.length > 1) throw new SeveralFailed(known);
  if (failed.length > 0) throw failed[0];
}

/** Waits until what ran before a restart runs again. */
async function healthyAgain<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  inputs: I & Remembered,
  host: Host,
  before: View<F>,
): Promise<View<F>> {
  const awayIn = ({ seen }: View<F>) => kind.disruptive?.unhealthy(before.seen, seen) ?? [];
  const { view, left } = await lookUntil(kind, inputs, host, awayIn, { within: healthyWithin, pause: 300 });
  if (left.length > 0) throw new Unhealthy(inputs.host, kind.id(inputs), left);
  return view;
}

/** The host's differences from before, after a rollback. Containers have some time to come back. */
async function differencesLeft<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  inputs: I & Remembered,
  host: Host,
  before: View<F>,
): Promise<readonly string[]> {
  const differing = ({ seen }: View<F>) => kind.disruptive?.differences(before.seen, seen) ?? [];
  return (await lookUntil(kind, inputs, host, differing, { within: restoredWithin, pause: 500 })).left;
}

/** Looks anew until nothing is left, or the time is over. */
async function lookUntil<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  inputs: I & Remembered,
  host: Host,
  leftIn: (view: View<F>) => readonly string[],
  ms: { readonly within: number; readonly pause: number },
): Promise<{ readonly view: View<F>; readonly left: readonly string[] }> {
  const now: Ask = { read: (questions) => host.read(questions, "now") };
  for (const deadline = performance.now() + ms.within; ; await sleep(ms.pause)) {
    const view = await look(kind, inputs, now);
    const left = leftIn(view);
    if (left.length === 0 || performance.now() > deadline) return { view, left };
  }
}

/** The purposes of commands, each once. */
export function whys(commands: readonly Command[]): readonly string[] {
  return [...new Set(commands.map(({ why }) => why))];
}
