const longest = 2000;

/**
 * What a host said, fit for an error or a log: no control character can move the cursor, colour the terminal
 * or fake a line's start, and a flood is cut in the middle, since the cause stands at either end.
 */
export function printable(text: string): string {
  const clean = text
    // An escape sequence goes as a whole, or its harmless-looking rest would stay behind.
    .replace(/(?:\p{Cc}\[|\u009b)[0-?]*[ -/]*[@-~]/gu, "")
    .replace(/\r\n?/g, "\n")
    .replace(/[^\n\t\P{C}]/gu, "")
    .trim();
  if (clean.length <= longest) return clean;
  return `${clean.slice(0, longest / 2)}\n[... ${clean.length - longest} characters ...]\n${clean.slice(-longest / 2)}`;
}
