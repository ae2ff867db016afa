/** The ranges of peers of other sites, by the device of the link between the hosts. */
import { z } from "zod";
import { devices } from "../../facts/link-device.js";
import { range } from "./inputs.js";

/** @example { "dr-wg": ["172.30.3.0/24"] } */
export type Links = Readonly<Record<string, readonly string[]>>;

const ranges = z.array(range).transform((items): readonly string[] => [...new Set<string>(items)].sort());

const names: readonly string[] = Object.values(devices);

/** A map and no object with two keys: a device's name is no name of a property in every language. */
export const linksForm = z.record(z.string(), ranges).superRefine((links, context) => {
  for (const device of Object.keys(links).filter((name) => !names.includes(name))) {
    const message = `${JSON.stringify(device)} is no device of dockroute's: ${names.join(" or ")} is allowed`;
    context.addIssue({ code: "custom", path: [device], message });
  }
});

export function rangesOf(links: Links): readonly string[] {
  return Object.values(links).flat();
}

/** undefined for a range that no link leads to. */
export function deviceFor(range: string, links: Links | undefined): string | undefined {
  return Object.entries(links ?? {}).find(([, held]) => held.includes(range))?.[0];
}
