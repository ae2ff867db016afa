/** The ranges of peers of other sites, by the device of the link between the hosts. */
import { z } from "zod";
import { devices } from "../../facts/link-device.js";
import { range } from "./inputs.js";

/** @example { "dr-wg": ["172.30.3.0/24"] } */
export type Links = Readonly<Record<string, readonly string[]>>;

const ranges = z
  .array(range)
  .transform((items): readonly string[] => [...new Set<string>(items)].sort())
  .optional();

const { wireguard, vxlan } = devices;

export const linksForm = z
  .strictObject({ [wireguard]: ranges, [vxlan]: ranges })
  .transform((given): Links => {
    const named = Object.entries(given).flatMap(([device, held]) =>
      held === undefined ? [] : [[device, held] as const],
    );
    return Object.fromEntries(named);
  });

export function rangesOf(links: Links): readonly string[] {
  return Object.values(links).flat();
}

/** undefined for a range that no link leads to. */
export function deviceFor(range: string, links: Links | undefined): string | undefined {
  return Object.entries(links ?? {}).find(([, held]) => held.includes(range))?.[0];
}
