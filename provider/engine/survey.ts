/** What a host is like beside what is wanted of it, in words: for refresh, and for `npx dockroute status`. */
import { isDeepStrictEqual } from "node:util";
import type { Host } from "../host/host.js";
import type { Command } from "./command.js";
import { glance, whys } from "./converge.js";
import type { Kind, OnHost, Remembered } from "./old-kind.js";
import { cleaned } from "./printable.js";

export interface Survey<S> {
  readonly id: string;
  readonly seen: S;
  /** What is not as wanted. [] is well. */
  readonly found: readonly string[];
  /** Why the next `up` would change something. */
  readonly due: readonly string[];
  /** What a person has to know of it, which no `up` mends. */
  readonly notices: readonly string[];
}

export async function survey<I extends OnHost, S>(
  kind: Kind<I, S>,
  wanted: I,
  host: Host,
): Promise<Survey<S>> {
  const checked = kind.check(Object.fromEntries(Object.entries(wanted)));
  const inputs = "inputs" in checked ? checked.inputs : wanted;
  const seen = await glance(kind, inputs, host);
  const due = whys(kind.steps(inputs, seen));
  const found = [...differing(inputs, kind.observed(inputs, seen)), ...drift(kind, inputs, seen, host)];
  return { id: kind.id(inputs), seen, found, due, notices: kind.notices?.(inputs, seen, {}) ?? [] };
}

export interface Refreshed {
  /** Kept from now on. */
  readonly observed: object;
  /** What no property shows. */
  readonly found: readonly string[];
  /** For the person at the terminal, held against the state; "" where it is well. */
  readonly told: string;
}

/**
 * What a refresh makes of a host; undefined where the resource is gone. What the engine takes for gone it does not
 * delete, so that a removal which was cut short would never be finished: then it is not gone.
 *
 * @param kept what the state has of it
 */
export function refreshed<I extends OnHost, S>(
  kind: Kind<I, S>,
  held: I & Remembered,
  kept: object,
  seen: S,
  host: Pick<Host, "pending">,
): Refreshed | undefined {
  if (kind.gone(held, seen) && kind.undo(held, seen).length === 0) return undefined;
  const observed = cleaned(kind.observed(held, seen));
  const other = differing(kept, observed);
  const beside = (wanted: I) => cleaned(drift(kind, wanted, seen, host));
  const amiss = beside(held);
  // What is observed is kept from now on, and may be half of a change that was cut short: the rest of it is due.
  const isHalf = amiss.length === 0 && other.length > 0;
  const found = isHalf ? beside({ ...held, ...observed }) : amiss;
  const due = kind.steps(held, seen);
  const told = found.length + due.length > 0 ? inWords([...other, ...amiss], due) : "";
  return { observed, found, told };
}

/** "found gateway 192.168.145.130; wanted: put the route ... in place". */
function inWords(found: readonly string[], due: readonly Command[]): string {
  const wanted = whys(due).join("; ");
  return `found ${found.join("; ")}${wanted === "" ? "" : `; wanted: ${wanted}`}`;
}

/** The kind's own, and that what is seen may not stay so. */
function drift<I extends OnHost, S>(
  kind: Kind<I, S>,
  wanted: I,
  seen: S,
  host: Pick<Host, "pending">,
): readonly string[] {
  const unconfirmed = isTakenBack(kind, seen, host);
  return [
    ...kind.drift(wanted, seen),
    ...(unconfirmed ? ["a change that nobody confirmed, which the host takes back by itself"] : []),
  ];
}

/** Whether what is seen may be a change that waits for its confirmation. */
export function isTakenBack<I extends OnHost, S>(
  kind: Kind<I, S>,
  seen: S,
  { pending }: Pick<Host, "pending">,
): boolean {
  return pending && kind.restore(seen).length > 0;
}

/** Values that are no longer as kept, in words: "gateway 192.168.145.130". */
function differing(kept: object, now: object): readonly string[] {
  const held = new Map<string, unknown>(Object.entries(kept));
  return Object.entries(now)
    .filter(([name, value]) => !isDeepStrictEqual(held.get(name), value))
    .map(([name, value]) => `${name} ${[value ?? "absent"].flat().join(", ") || "nothing"}`);
}
