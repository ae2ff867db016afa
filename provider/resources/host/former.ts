/** The names of dockroute 0.1.0, which held the range itself. They are made to remove what bears them, never read. */

/** "172.30.1.0_24": a slash has no place in the name of a file or a chain. */
export function formerName(range: string): string {
  return range.replace("/", "_");
}

/** Four hex digits that told the rules for one range apart by their ports. */
export function formerDigest(words: readonly string[]): string {
  const sum = [...words.join(" ")].reduce(
    (hash, letter) => (hash * 31 + (letter.codePointAt(0) ?? 0)) % 65521,
    7,
  );
  return sum.toString(16).padStart(4, "0");
}
