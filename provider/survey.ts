/** What a host is like beside what is wanted of it, in words: for refresh, and for `npx dockroute status`. */
import { isDeepStrictEqual } from "node:util";
import { glance } from "./converge.js";
import type { Host } from "./host/host.js";
import type { Kind, OnHost } from "./kind.js";

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
  const due = [...new Set(kind.steps(inputs, seen).map(({ why }) => why))];
  const found = [...differing(inputs, kind.observed(inputs, seen)), ...drift(kind, inputs, seen, host)];
  return { id: kind.id(inputs), seen, found, due, notices: kind.notices?.(inputs, seen, {}) ?? [] };
}

/** The kind's own, and that what is seen may not stay so. */
export function drift<I extends OnHost, S>(
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
export function differing(kept: object, now: object): readonly string[] {
  const held = new Map<string, unknown>(Object.entries(kept));
  return Object.entries(now)
    .filter(([name, value]) => !isDeepStrictEqual(held.get(name), value))
    .map(([name, value]) => `${name} ${[value ?? "absent"].flat().join(", ") || "nothing"}`);
}
