/** The engine's property bags. */
export type Props = Readonly<Record<string, unknown>>;

/** The engine's sentinel for a value that the preview does not know yet, whatever its type. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function pick(props: Props, names: readonly string[]): Props {
  return Object.fromEntries(
    names.flatMap((name) => (props[name] === undefined ? [] : [[name, props[name]]])),
  );
}

export function omit(props: Props, names: readonly string[]): Props {
  return Object.fromEntries(
    Object.entries(props).filter(([name, value]) => value !== undefined && !names.includes(name)),
  );
}

export function defined(props: Props): Props {
  return Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined));
}

export function hasUnknown(value: unknown): boolean {
  if (value === unknownValue) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(hasUnknown);
}
