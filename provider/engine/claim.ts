/**
 * A claim is one thing that a resource makes true on a host. A resource is an ordered list of them. The commands that
 * are due, the undo, the drift and the remains all follow from that list.
 */
import type { Command } from "./command.js";
import type { Fault } from "./errors/fault.js";

export interface Claim {
  /** The thing in the words of drift, preview and errors: "raw PREROUTING jump to DOCKROUTE-1f2e3d4c". */
  readonly what: string;
  readonly is: "so" | "absent" | "changed";
  /** Of a resource that has the same for many: of which of them this is. A failure in one part ends no other. @example "beta" */
  readonly part?: string;
  /** The thing that the host has instead, where "absent" or "changed" tells too little: "not the first rule". */
  readonly found?: string;
  /** `observed` shows it as another value of an input, so drift does not name it a second time. */
  readonly shown?: boolean;
  /**
   * The owner, if it is not this resource alone. An undo never touches such a thing. If it belongs to another
   * resource or is shared, a change makes it all the same; if it is a stranger's, a change is refused with this fault.
   */
  readonly notOurs?: "another resource's" | "shared" | Fault;
  /** Makes it so. Claims that one command makes hold the same `Command`, which runs once. */
  readonly make: readonly Command[];
  /** Removes it; [] while something else has to go first. A `Fault` if it cannot be removed: the delete fails with it. */
  readonly remove: readonly Command[] | Fault;
}

/** In order: a claim may rely on those before it. They are made in this order and removed in reverse. */
export type Claims = readonly Claim[];

/** Each command once, at its last place: it runs after everything that any of its claims relies on. */
function once(commands: readonly Command[]): readonly Command[] {
  return [...new Set([...commands].reverse())].reverse();
}

/** The claims of each part, in order. Those that all parts share come last, also in a removal: parts hang on them. */
export function parts(claims: Claims): readonly Claims[] {
  const all = new Map<string | undefined, Claim[]>();
  for (const claim of claims) {
    const own = all.get(claim.part);
    if (own === undefined) all.set(claim.part, [claim]);
    else own.push(claim);
  }
  const shared = all.get(undefined) ?? [];
  all.delete(undefined);
  return [...all.values(), shared].filter((some) => some.length > 0);
}

function isOurs({ is, notOurs }: Claim): boolean {
  return is !== "absent" && notOurs === undefined;
}

function isFault(removal: Claim["remove"]): removal is Fault {
  return "reason" in removal;
}

/** The commands that make the host as claimed. [] if it already is. */
export function due(claims: Claims): readonly Command[] {
  return once(claims.filter(({ is }) => is !== "so").flatMap(({ make }) => make));
}

/** The commands that remove what is there and ours. */
export function undo(claims: Claims): readonly Command[] {
  const held = claims.filter(isOurs).reverse();
  return once(held.flatMap(({ remove }) => (isFault(remove) ? [] : remove)));
}

/** The reasons that keep something of ours from being removed. */
export function obstacles(claims: Claims): readonly Fault[] {
  return claims.filter(isOurs).flatMap(({ remove }) => (isFault(remove) ? [remove] : []));
}

/** True if the resource no longer exists on the host. It exists where a stranger's thing already is as wanted. */
export function isGone(claims: Claims): boolean {
  return !claims.some((claim) => isOurs(claim) || (claim.is === "so" && typeof claim.notOurs === "object"));
}

/** The claims that do not hold, in words: "route to 172.30.2.0/24: absent". */
export function drift(claims: Claims): readonly string[] {
  return claims
    .filter(({ is, shown }) => is !== "so" && shown !== true)
    .map(({ what, is, found }) => `${what}: ${found ?? is}`);
}

/** The reasons to refuse a change: a stranger's things in the way. One that is right already is left to the stranger. */
export function refusals(claims: Claims): readonly Fault[] {
  return claims.flatMap(({ is, notOurs }) => (is === "so" || typeof notOurs !== "object" ? [] : [notOurs]));
}

/** A claim about something that is not wanted for itself and goes with the rest. [] where there is nothing to remove. */
export function ifThere(what: string, remove: readonly Command[]): Claims {
  return remove.length === 0 ? [] : [{ what, is: "so", make: [], remove }];
}

/** A claim about something that an older dockroute left, that this one keeps elsewhere. [] if it is not there. */
export function outdated(what: string, remove: readonly Command[]): Claims {
  if (remove.length === 0) return [];
  return [{ what, is: "changed", found: "of an older dockroute", make: remove, remove }];
}

/** "so" if it is as wanted, else "changed" or "absent". */
export function state(isSo: boolean, isThere: boolean): Claim["is"] {
  return isSo ? "so" : isThere ? "changed" : "absent";
}

/** The same claims with this owner, where a name alone does not tell the owner. undefined leaves them ours. */
export function heldBy(owner: Claim["notOurs"], claims: Claims): Claims {
  return owner === undefined
    ? claims
    : claims.map((claim) => ({ ...claim, notOurs: claim.notOurs ?? owner }));
}
