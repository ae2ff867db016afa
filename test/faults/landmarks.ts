/**
 * Where a call is found again in an `up` that goes on where another was broken off: its number is another there,
 * but what its script ran just before it is the same.
 */
import type { Call, Place } from "./tripwire.js";

/** Words as a pattern of the shell's `case`; what differs from run to run matches anything. */
export function patternOf(words: string): string {
  return words
    .replace(/[\\*?[\]]/g, "\\$&")
    .replace(/dockroute-undo-[0-9a-f]+-/g, "dockroute-undo-*-")
    .replace(/Token [0-9a-f]+/g, "Token *");
}

/** By number: after which call of its session, the nearest that the trace has only once. A look has none. */
export function landmarks(calls: readonly Call[]): ReadonlyMap<number, Place> {
  const times = new Map<string, number>();
  for (const { words } of calls) times.set(patternOf(words), (times.get(patternOf(words)) ?? 0) + 1);
  const last = new Map<string, { readonly landmark: string; more: number }>();
  return new Map(
    calls.flatMap(({ n, session, words, changing }) => {
      const landmark = patternOf(words);
      const before = last.get(session);
      const place = times.get(landmark) === 1 ? { landmark, more: 0 } : before && { ...before };
      if (place === undefined) return [];
      last.set(session, { ...place, more: place.more + 1 });
      return changing ? [[n, place] as const] : [];
    }),
  );
}
