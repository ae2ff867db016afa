/** Inputs that an import cannot read from a host directly, and tries. */
import { type Ground, nics } from "./network.js";

/** The same inputs without `interfaces`, with each link of the host alone, and with all of them. */
export function byEachLink<I extends object>(
  inputs: I,
  ground: Ground,
): readonly (I & { interfaces?: readonly string[] })[] {
  const names = nics(ground)
    .map(({ name }) => name)
    .sort();
  const several = names.length > 1 ? [{ ...inputs, interfaces: names }] : [];
  return [inputs, ...names.map((name) => ({ ...inputs, interfaces: [name] })), ...several];
}
