/** The meaning of a change of a list. A diff by position shows every entry that moved up as another one. */

/** "from now on also A, B; no longer C", or undefined where both hold the same. */
export function setChange(before: readonly string[], after: readonly string[]): string | undefined {
  const added = after.filter((each) => !before.includes(each));
  const gone = before.filter((each) => !after.includes(each));
  const words = [
    ...(added.length === 0 ? [] : [`from now on also ${added.join(", ")}`]),
    ...(gone.length === 0 ? [] : [`no longer ${gone.join(", ")}`]),
  ];
  return words.length === 0 ? undefined : words.join("; ");
}

/** The same as a notice; [] also where nothing is there yet. */
export function changeOf(
  what: string,
  before: readonly string[] | undefined,
  after: readonly string[],
): readonly string[] {
  const words = before === undefined ? undefined : setChange(before, after);
  return words === undefined ? [] : [`${what}: ${words}`];
}
