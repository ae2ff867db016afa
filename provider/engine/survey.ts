/** The differences of a host from its wanted state, in words: for refresh, and for `npx dockroute status`. */
import { isDeepStrictEqual } from "node:util";
import type { Host } from "../host/host.js";
import { type Claims, drift, due, isGone } from "./claim.js";
import { whys } from "./converge.js";
import type { Facts, Seen } from "./fact.js";
import type { Kind, OnHost, Remembered } from "./kind.js";
import { cleaned } from "./printable.js";
import { glance, type View, viewOf } from "./view.js";

export interface Survey<S> {
  readonly id: string;
  readonly seen: S;
  /** The host's differences from its wanted state. [] is healthy. */
  readonly drift: readonly string[];
  /** The reasons of the next `up` to change something. */
  readonly due: readonly string[];
  /** The parts that differ or are due; undefined stands for the claims that all parts share. */
  readonly parts: ReadonlySet<string | undefined>;
  /** The faults that a person has to know of and no `up` mends. */
  readonly warnings: readonly string[];
}

export async function survey<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  wanted: I & Remembered,
  host: Host,
): Promise<Survey<Seen<F>>> {
  const checked = kind.check(Object.fromEntries(Object.entries(wanted)));
  const inputs = "inputs" in checked ? checked.inputs : wanted;
  const { seen, claims } = await glance(kind, inputs, host);
  const isTakenBack = isRolledBackSoon(kind, seen, host);
  return {
    id: kind.id(inputs),
    seen,
    drift: [...differing(inputs, kind.observed(inputs, seen)), ...driftWords(claims, isTakenBack)],
    due: whys(due(claims)),
    parts: new Set(claims.filter(({ is }) => is !== "so").map(({ part }) => part)),
    warnings: kind.judge?.(inputs, seen, {}).warn ?? [],
  };
}

export interface Refreshed {
  /** Kept from now on. */
  readonly observed: object;
  /** Drift that no property shows. */
  readonly found: readonly string[];
  /** For the person at the terminal, held against the state; "" if the host is as wanted. */
  readonly told: string;
}

/**
 * A refresh's view of a host; undefined if the resource no longer exists there.
 *
 * @param kept the state's properties of it
 */
export function refreshed<I extends OnHost, F extends Facts<I>>(
  kind: Kind<I, F>,
  held: I & Remembered,
  kept: object,
  { seen, claims }: View<F>,
  host: Pick<Host, "pending">,
): Refreshed | undefined {
  if (isGone(claims)) return undefined;
  const observed = cleaned(kind.observed(held, seen));
  const other = differing(kept, observed);
  const isTakenBack = isRolledBackSoon(kind, seen, host);
  const beside = (all: Claims) => cleaned(driftWords(all, isTakenBack));
  const drifted = beside(claims);
  // The observed values are kept from now on. They may be half of a change that was cut short: the rest of it is due.
  const isHalf = drifted.length === 0 && other.length > 0;
  const found = isHalf ? beside(viewOf(kind, { ...held, ...observed }, seen).claims) : drifted;
  const toDo = whys(due(claims));
  const told = found.length + toDo.length > 0 ? inWords([...other, ...drifted], toDo) : "";
  return { observed, found, told };
}

/** "found gateway 192.168.145.130; wanted: put the route ... in place". */
function inWords(found: readonly string[], toDo: readonly string[]): string {
  const wanted = toDo.join("; ");
  return `found ${found.join("; ")}${wanted === "" ? "" : `; wanted: ${wanted}`}`;
}

function driftWords(claims: Claims, isTakenBack: boolean): readonly string[] {
  const unconfirmed = "a change that nobody confirmed, which the host rolls back by itself";
  return [...drift(claims), ...(isTakenBack ? [unconfirmed] : [])];
}

/** True if the facts may show a change that waits for its confirmation. */
export function isRolledBackSoon<I extends OnHost, F extends Facts<I>>(
  { disruptive }: Kind<I, F>,
  seen: Seen<F>,
  { pending }: Pick<Host, "pending">,
): boolean {
  return pending && (disruptive?.rollback(seen) ?? []).length > 0;
}

/** Values that are no longer as kept, in words: "gateway 192.168.145.130", "routes.beta.gateway 192.168.145.130". */
function differing(kept: object, now: object, at = ""): readonly string[] {
  const held = new Map<string, unknown>(Object.entries(kept));
  return Object.entries(now).flatMap(([name, value]) => {
    const before = held.get(name);
    if (isDeepStrictEqual(before, value)) return [];
    if (isMap(before) && isMap(value)) return differing(before, value, `${at}${name}.`);
    return [`${at}${name} ${[value ?? "absent"].flat().join(", ") || "nothing"}`];
  });
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
