/**
 * The place of a call in an `up` that goes on where another was broken off: its number differs there, but the
 * calls of its script just before it are the same.
 */
import type { Call, Place } from "./tripwire.js";

/** Words as a pattern of the shell's `case`; a text that differs from run to run matches anything. */
export function patternOf(words: string): string {
  return (
    words
      .replace(/[\\*?[\]]/g, "\\$&")
      .replace(/dockroute-undo-[0-9a-f]+-/g, "dockroute-undo-*-")
      // Each lab has a network of its own.
      .replace(/\bvia [\d.]+/g, "via *")
      // Docker draws a new name with each start of a container.
      .replace(/\bveth[0-9a-f]+/g, "veth*")
      .replace(/Token [0-9a-f]+/g, "Token *")
  );
}

/**
 * By number. A change is found after the nearest call of its session that the trace has only once. A change without
 * such a call, and a look, is found by its own words after the nearest such call of any change.
 */
export function landmarks(calls: readonly Call[]): ReadonlyMap<number, Place> {
  const times = new Map<string, number>();
  for (const { words } of calls) times.set(patternOf(words), (times.get(patternOf(words)) ?? 0) + 1);
  const nearest = new Map<string, { readonly landmark: string; more: number }>();
  let last: { readonly landmark: string; readonly since: Map<string, number> } | undefined;
  return new Map(
    calls.flatMap(({ n, session, words: text, changing }) => {
      const words = patternOf(text);
      const unique = times.get(words) === 1;
      const before = nearest.get(session);
      const inSession = unique ? { landmark: words, more: 0 } : before && { ...before };
      if (inSession) nearest.set(session, { ...inSession, more: inSession.more + 1 });
      last?.since.set(words, (last.since.get(words) ?? 0) + 1);
      const anywhere = last && { landmark: last.landmark, words, times: last.since.get(words) ?? 1 };
      if (unique && changing) last = { landmark: words, since: new Map() };
      const place = (changing && inSession) || anywhere;
      return place === undefined ? [] : [[n, place] as const];
    }),
  );
}
